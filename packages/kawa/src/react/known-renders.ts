import { processState } from "../core/process-state.ts";
import type { RenderReads } from "./render-reads.ts";

const maxRenders = 10_000;
/** Of other servers, as browsers name them. */
const maxForeign = 1_000;

/** The renders of this process that were made or asked for last. Who shows an older one hears of every change. */
export class KnownRenders {
  // In the order of last use.
  readonly #renders = new Map<string, RenderReads>();
  readonly #foreign = new Map<string, RenderReads>();

  add(render: RenderReads): void {
    this.#renders.delete(render.id);
    this.#renders.set(render.id, render);
    if (this.#renders.size > maxRenders) this.#renders.delete(this.#renders.keys().next().value!);
  }

  /** One of another server. Its id is what a browser says, so it takes no place of those that this process has made. */
  addForeign(render: RenderReads): void {
    this.#foreign.set(render.id, render);
    if (this.#foreign.size > maxForeign) this.#foreign.delete(this.#foreign.keys().next().value!);
  }

  get(id: string): RenderReads | undefined {
    const found = this.#renders.get(id);
    if (found) this.add(found);
    return found ?? this.#foreign.get(id);
  }
}

export function knownRenders(): KnownRenders {
  return processState("known-renders", () => new KnownRenders());
}
