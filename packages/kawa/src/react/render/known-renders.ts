import { processState } from "../../core/process/process-state.ts";
import type { RenderFollower, RenderReads } from "./render-reads.ts";

const maxRenders = 10_000;
/** Most keys of all renders together. */
const maxKeys = 500_000;

/** The renders of this process that were made or asked for last. A tab that shows an older one hears of every change. */
export class KnownRenders {
  // Renders in the order of last use.
  readonly #renders = new Map<string, RenderReads>();
  #keyCount = 0;
  /** Follows all renders: they grow while they stream. */
  readonly #counter: RenderFollower = {
    onRead: () => {
      this.#keyCount += 1;
      this.#forgetOldest();
    },
  };

  add(render: RenderReads): void {
    this.#remove(render.id);
    this.#renders.set(render.id, render);
    this.#keyCount += render.keyCount;
    render.follow(this.#counter);
    this.#forgetOldest();
  }

  get(id: string): RenderReads | undefined {
    const found = this.#renders.get(id);
    if (found) {
      this.#renders.delete(id);
      this.#renders.set(id, found);
    }
    return found;
  }

  #forgetOldest(): void {
    while (this.#renders.size > maxRenders || (this.#keyCount > maxKeys && this.#renders.size > 1)) {
      this.#remove(this.#renders.keys().next().value!);
    }
  }

  #remove(id: string): void {
    const render = this.#renders.get(id);
    if (!render) return;
    this.#renders.delete(id);
    this.#keyCount -= render.keyCount;
    render.unfollow(this.#counter);
  }
}

export function knownRenders(): KnownRenders {
  return processState("known-renders", () => new KnownRenders());
}
