import { processState } from "../../core/process/process-state.ts";

const maxRenders = 2_000;

/** Ids of renders that have ended and have read nothing, the oldest first. */
const renders = (): Set<string> => processState("empty-renders", () => new Set<string>());

export function addEmptyRender(id: string): void {
  const all = renders();
  all.add(id);
  if (all.size > maxRenders) all.delete(all.values().next().value!);
}

export function isEmptyRender(id: string): boolean {
  return renders().has(id);
}
