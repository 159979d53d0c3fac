import { processState } from "../../core/process/process-state.ts";
import { isEmptyRender } from "./empty-renders.ts";
import { knownRenders } from "./known-renders.ts";
import { RenderReads } from "./render-reads.ts";

const maxRenders = 1_000;

/** Renders whose ids browsers have told: they take no room from the renders that this process has made. */
const renders = (): Map<string, RenderReads> => processState("foreign-renders", () => new Map<string, RenderReads>());

/** A fragment of a render of another server, as a browser has named it, that this server has rendered since. */
export function addForeignRender(render: RenderReads): void {
  const all = renders();
  all.set(render.id, render);
  if (all.size > maxRenders) all.delete(all.keys().next().value!);
}

/** The browser may show what the other server has rendered: what this one has read for it may be something else. */
export function removeForeignRender({ id }: RenderReads): void {
  renders().delete(id);
}

/** A render of this process, or one of another that a browser has named. */
export function findRender(id: string): RenderReads | undefined {
  return knownRenders().get(id) ?? renders().get(id) ?? (isEmptyRender(id) ? new RenderReads(id) : undefined);
}
