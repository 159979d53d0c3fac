import { cache, cacheSignal, type ReactNode } from "react";
import { isPromise } from "../checks/is-promise.ts";
import { knownRenders } from "./known-renders.ts";
import { RenderReads } from "./render-reads.ts";
import type { RequestScope } from "./render-scope.ts";
import { requestScope } from "./request-scope.ts";
import { type RunComponent, wrapComponents } from "./wrap-components.ts";

/** What the live fragments of one render have read, each on its own: a change of it needs no render of the page. */
export class FragmentScope {
  readonly #scope: RequestScope;
  readonly #reads = new Map<string, RenderReads>();
  /** Fragments that have not shown anything, because they wait or have failed. */
  readonly #unshown = new Set<RenderReads>();
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
      this.#reads.set(token, reads);
    }
    return reads;
  }

  /** From now on these are the reads of the fragment, which a browser shows already. */
  adopt(token: string, reads: RenderReads): void {
    this.#reads.set(token, reads);
  }

  /** Begins a new render in the same scope. Parts of the one before may still be on their way. */
  renew(generation: number): void {
    if (generation <= this.#generation) return;
    this.#generation = generation;
    this.#scope.renew();
  }

  /**
   * Runs the component of a fragment, and those below it. React runs one that waits again, from its beginning. `around` is what each
   * of them runs in.
   */
  run(
    reads: RenderReads,
    component: () => ReactNode | Promise<ReactNode>,
    around?: RunComponent,
  ): ReactNode | Promise<ReactNode> {
    const read: RunComponent = (below) => this.#scope.readFor(reads, below);
    const run: RunComponent = around ? (below) => around(() => read(below)) : read;
    const show = (node: ReactNode): ReactNode => {
      this.#unshown.delete(reads);
      return wrapComponents(node, run);
    };
    this.#unshown.add(reads);
    this.#watchEnd();
    const node = run(component);
    return isPromise(node) ? node.then(show) : show(node);
  }

  #watchEnd(): void {
    if (this.#isWatchingEnd) return;
    this.#isWatchingEnd = true;
    // A fragment that has failed is not in the browser, so only the page can bring it back.
    cacheSignal()?.addEventListener("abort", () => {
      for (const reads of this.#unshown) {
        for (const [backendId, keys] of reads.keys) for (const key of keys) this.#scope.reads?.add(backendId, key);
      }
    });
  }
}

/** The scope of the fragments of the render that is running. */
export const fragmentScope: () => FragmentScope = cache(() => new FragmentScope(requestScope()));
