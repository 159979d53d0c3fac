import { processState } from "../process-state.ts";

/** Path of the route made with `createReactiveRoute`. */
export const route = processState("route", () => ({ src: "/api/reactive" }));
