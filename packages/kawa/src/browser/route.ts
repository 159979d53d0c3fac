import { processState } from "../core/process/process-state.ts";

const route = processState("route", () => ({ src: "/api/reactive" }));

/** Path of the route made with `createReactiveRoute`. */
export function routeSrc(): string {
  return route.src;
}

export function setRouteSrc(src: string): void {
  route.src = src;
}
