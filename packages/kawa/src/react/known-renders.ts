import { processState } from "../core/process-state.ts";
import type { RenderReads } from "./render-reads.ts";

const maxRenders = 10_000;

/** The renders of this process that were made or asked for last. Who shows an older one hears of every change. */
export class KnownRenders {
  // In the order of last use.
  readonly #renders = new Map<string, RenderReads>();

  add(render: RenderReads): void {
    this.#renders.delete(render.id);
    this.#renders.set(render.id, render);
    if (this.#renders.size > maxRenders) this.#renders.delete(this.#renders.keys().next().value!);
  }

  get(id: string): RenderReads | undefined {
    const found = this.#renders.get(id);
    if (found) this.add(found);
    return found;
  }
}

export function knownRenders(): KnownRenders {
  return processState("known-renders", () => new KnownRenders());
}
