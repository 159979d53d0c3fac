import { cache, cacheSignal, type ReactNode } from "react";
import { isPromise } from "../checks/is-promise.ts";
import { knownRenders } from "./known-renders.ts";
import { RenderReads } from "./render-reads.ts";
import type { RequestScope } from "./render-scope.ts";
import { requestScope } from "./request-scope.ts";
import { type Run, wrapComponents } from "./wrap-components.ts";

/** What each live fragment of one render has read: a change of that needs no render of the page. */
export class FragmentScope {
  readonly #scope: RequestScope;
  readonly #reads = new Map<string, RenderReads>();
  /** Fragments that have not shown anything yet, because they wait or have failed. */
  readonly #unshown = new Set<RenderReads>();
  readonly #stopGrowing: (() => void)[] = [];
  #generation = 0;
  #isWatchingEnd = false;

  constructor(scope: RequestScope) {
    this.#scope = scope;
  }

  /** The reads of a fragment. Equal fragments of one render have them in common. */
  readsOf(token: string): RenderReads {
    let reads = this.#reads.get(token);
    if (!reads) {
      reads = new RenderReads(`${this.#scope.id}-${this.#reads.size}`);
      knownRenders().add(reads);
      this.adopt(token, reads);
    }
    return reads;
  }

  /** Takes over the reads of a fragment that a browser shows already. They grow until the render ends. */
  adopt(token: string, reads: RenderReads): void {
    this.#reads.set(token, reads);
    this.#growUntilEnd(reads);
  }

  #growUntilEnd(reads: RenderReads): void {
    this.#watchEnd();
    this.#stopGrowing.push(reads.grow());
  }

  /** Begins a new render in the same scope. Parts of the one before may still be running. */
  renew(generation: number): void {
    if (generation <= this.#generation) return;
    this.#generation = generation;
    this.#scope.renew();
  }

  /**
   * Runs the component of a fragment, and those below it, each within `around`. React runs a component that has waited again from its
   * beginning.
   */
  run(
    reads: RenderReads,
    component: () => ReactNode | Promise<ReactNode>,
    around?: Run,
  ): ReactNode | Promise<ReactNode> {
    const read: Run = (below) => this.#scope.readFor(reads, below);
    const run: Run = around ? (below) => around(() => read(below)) : read;
    const show = (node: ReactNode): ReactNode => {
      this.#unshown.delete(reads);
      return wrapComponents(node, run);
    };
    this.#unshown.add(reads);
    const node = run(component);
    return isPromise(node) ? node.then(show) : show(node);
  }

  #watchEnd(): void {
    if (this.#isWatchingEnd) return;
    this.#isWatchingEnd = true;
    if (this.#scope.reads) this.#growUntilEnd(this.#scope.reads);
    // A fragment that has failed is not in the browser, so only a render of the page can bring it back.
    cacheSignal()?.addEventListener("abort", () => {
      for (const reads of this.#unshown) {
        for (const [backendId, keys] of reads.keys) for (const key of keys) this.#scope.reads?.add(backendId, key);
      }
      for (const stop of this.#stopGrowing) stop();
    });
  }
}

/** The scope of the fragments of the render that is running. */
export const fragmentScope: () => FragmentScope = cache(() => new FragmentScope(requestScope()));
