import { processState } from "../core/process-state.ts";
import type { RenderReads } from "./render-reads.ts";

/** Renders that are kept, and keys that they have read. */
const maxRenders = 10_000;
const maxKeys = 1_000_000;
/** Of other servers, as browsers name them. */
const maxForeign = 1_000;
/** Renders go on reading when they are known, so their keys are counted anew after so many more renders. */
const countGap = 256;

/** The renders of this process that were made or asked for last. Who shows an older one hears of every change. */
export class KnownRenders {
  // In the order of last use.
  readonly #renders = new Map<string, RenderReads>();
  readonly #foreign = new Map<string, RenderReads>();
  #addedCount = 0;

  /** A render of this process. */
  add(render: RenderReads): void {
    touch(this.#renders, render);
    if (this.#renders.size > maxRenders) forgetOldest(this.#renders);
    this.#addedCount += 1;
    if (this.#addedCount % countGap === 0) this.#fit();
  }

  /** One of another server. Its id is what a browser says, so it takes no place of those that this process has made. */
  addForeign(render: RenderReads): void {
    touch(this.#foreign, render);
    if (this.#foreign.size > maxForeign) forgetOldest(this.#foreign);
  }

  get(id: string): RenderReads | undefined {
    const found = this.#renders.get(id);
    if (found) touch(this.#renders, found);
    return found ?? this.#foreign.get(id);
  }

  /** Forgets the oldest until the keys of all others fit. */
  #fit(): void {
    let keyCount = 0;
    for (const render of this.#renders.values()) keyCount += render.keyCount;
    for (const [id, render] of this.#renders) {
      if (keyCount <= maxKeys) return;
      keyCount -= render.keyCount;
      this.#renders.delete(id);
    }
  }
}

function touch(renders: Map<string, RenderReads>, render: RenderReads): void {
  renders.delete(render.id);
  renders.set(render.id, render);
}

function forgetOldest(renders: Map<string, RenderReads>): void {
  renders.delete(renders.keys().next().value!);
}

export function knownRenders(): KnownRenders {
  return processState("known-renders", () => new KnownRenders());
}
