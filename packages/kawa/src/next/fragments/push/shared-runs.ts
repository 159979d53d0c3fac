import { outsideOfRequest } from "../../../core/work/next-work.ts";
import { processState } from "../../../core/process/process-state.ts";
import { canRunComponents } from "../../../react/render/run-component.ts";
import { hub } from "../../stream/hub.ts";
import { type FragmentComponent, isUnshared } from "./fragment-registry.ts";
import { renderBudget } from "./render-budget.ts";
import { SharedRun, type SharedRunOptions } from "./shared-run.ts";

/** All tabs have shown it by then, or nearly so. */
const keepMs = 5_000;
/** Who acts is also asked where a backend has just been lost, so nothing is private for ever. */
const privateMs = 60_000;

export type SharedFragment = Pick<SharedRunOptions, "component" | "props"> & { readonly token: string };

/**
 * Runs each fragment once a change for all tabs that show it, where what comes of it is the same for all: it runs outside of every
 * request, and whatever asks there who looks has each tab run it on its own.
 */
export class SharedRuns {
  readonly #runs = new Map<string, SharedRun>();
  /** Until when nobody tries again, by the process clock. */
  readonly #private = new WeakMap<FragmentComponent, number>();
  readonly #outside: typeof outsideOfRequest;

  constructor(outside = outsideOfRequest) {
    this.#outside = outside;
  }

  /** The run that shows what there is now, just begun or of another tab; undefined where each has to run it on its own. */
  of({ token, component, props }: SharedFragment): SharedRun | undefined {
    if (!canRunComponents || isUnshared(component) || performance.now() < (this.#private.get(component) ?? 0))
      return undefined;
    // First: who sees drafts shares nothing.
    const outside = this.#outside(() => run.makePrivate());
    if (!outside) return undefined;
    const versions = hub().formatVersions(() => true);
    const found = this.#runs.get(token);
    if (found?.isCurrentAt(versions)) return found;
    const run: SharedRun = new SharedRun({
      component,
      props,
      versions,
      outside,
      turn: renderBudget().turnOf(component),
    });
    this.#runs.set(token, run);
    void run.settled.then(() => {
      if (run.state === "private") this.#private.set(component, performance.now() + privateMs);
      if (run.state === "done") renderBudget().learnShared(component, run.spentMs);
    });
    setTimeout(() => this.#runs.get(token) === run && this.#runs.delete(token), keepMs).unref();
    return run;
  }
}

export function sharedRuns(): SharedRuns {
  return processState("shared-runs", () => new SharedRuns());
}
