import type { ReactNode } from "react";
import { KawaError } from "../../../core/errors/errors.ts";
import { withTimeout } from "../../../core/process/with-timeout.ts";
import { runPublic } from "../../../core/work/public-run.ts";
import type { RenderReads } from "../../../react/render/render-reads.ts";
import { runInScope } from "../../../react/render/request-scope.ts";
import { runComponent } from "../../../react/render/run-component.ts";
import { SharedScope } from "../../../react/render/shared-scope.ts";
import { resolveComponents } from "../../../react/render/wrap-components.ts";
import type { FragmentComponent } from "./fragment-registry.ts";

const timeoutMs = 10_000;

export type SharedRunOptions = {
  readonly component: FragmentComponent;
  readonly props: object;
  /** How often something had changed in this process before. */
  readonly changeCount: number;
  /** Runs something outside of every request. */
  readonly outside: <R>(fn: () => R) => R;
  /** Resolves when it may begin. */
  readonly turn: Promise<void>;
};

/** `private`: it has asked who looks, so its result is for that visitor alone. `failed`: each tab may try on its own. */
export type SharedRunState = "running" | "done" | "private" | "failed";

/** One run of a fragment for all tabs that show it. */
export class SharedRun {
  state: SharedRunState = "running";
  /** Resolves at the end of the run, also of one that fails. */
  readonly settled: Promise<void>;
  /** Time that its components have taken, in milliseconds. */
  spentMs = 0;
  #node: ReactNode;
  /** {@link SharedRunOptions.changeCount} at which it was last found current. */
  #checkedAt: number;
  readonly #scope = new SharedScope(() => this.makePrivate());
  #onPrivate = (): void => {};

  constructor(options: SharedRunOptions) {
    this.#checkedAt = options.changeCount;
    const run = options.turn.then(() => options.outside(() => this.#run(options)));
    const asked = new Promise<void>((resolve) => (this.#onPrivate = resolve));
    this.settled = withTimeout(Promise.race([asked, run]), timeoutMs, onTimeout)
      .then(
        () => this.#end("done"),
        () => this.#end("failed"),
      )
      .finally(() => this.#scope.snapshots.release());
  }

  /** Called when the component has asked who looks. */
  makePrivate(): void {
    this.state = "private";
    this.#onPrivate();
  }

  /** The content that all tabs show, once the run is done. */
  get node(): ReactNode {
    return this.#node;
  }

  /** Whether it is current now that something has changed this often. */
  isCurrentAt(changeCount: number): boolean {
    if (changeCount === this.#checkedAt) return true;
    if (this.state !== "done" || !this.#scope.isCurrent) return false;
    this.#checkedAt = changeCount;
    return true;
  }

  /** Adds the reads of this run to those of a tab that shows it. */
  tell(reads: RenderReads): void {
    for (const { backend, key } of this.#scope.seen) reads.add(backend.id, key);
  }

  #run({ component, props }: SharedRunOptions): Promise<void> {
    const timed = (part: FragmentComponent, given: object): ReactNode | Promise<ReactNode> => {
      const startedAt = performance.now();
      try {
        return runComponent(part, given);
      } finally {
        this.spentMs += performance.now() - startedAt;
      }
    };
    const resolve = async (): Promise<void> => {
      this.#node = await resolveComponents(await timed(component, props), timed);
    };
    return runPublic(
      () => this.makePrivate(),
      () => runInScope(this.#scope, resolve),
    );
  }

  #end(state: "done" | "failed"): void {
    if (this.state === "running") this.state = state;
  }
}

function onTimeout(): never {
  throw new KawaError("BACKEND_TIMEOUT", `A shared run took longer than ${timeoutMs} ms.`);
}
