import { outsideOfRequest } from "../../../core/work/next-work.ts";
import { processState } from "../../../core/process/process-state.ts";
import { canRunComponents } from "../../../react/render/run-component.ts";
import { hub } from "../../stream/hub.ts";
import { type FragmentComponent, isUnshared } from "./fragment-registry.ts";
import { renderBudget } from "./render-budget.ts";
import { SharedRun, type SharedRunOptions } from "./shared-run.ts";

/** A run is kept for this long, in milliseconds: by then nearly all tabs have asked for it. */
const keepMs = 5_000;
/** A private component is tried again after this long, in milliseconds: it may have asked who looks only because a backend was lost. */
const privateMs = 60_000;

export type SharedFragment = Pick<SharedRunOptions, "component" | "props"> & { readonly token: string };

/**
 * Renders each fragment once a change for all tabs that show it. The component runs outside of every request. When it asks there who looks,
 * its result is for one visitor: from then on each tab runs it on its own.
 */
export class SharedRuns {
  readonly #runs = new Map<string, SharedRun>();
  /** Until when a component counts as private, by the process clock. */
  readonly #private = new WeakMap<FragmentComponent, number>();
  readonly #outside: typeof outsideOfRequest;

  constructor(outside = outsideOfRequest) {
    this.#outside = outside;
  }

  /**
   * The run of a fragment for the present versions: one that another tab has begun, else a new one. Undefined where each tab has to run it
   * on its own.
   */
  of({ token, component, props }: SharedFragment): SharedRun | undefined {
    if (!canRunComponents || isUnshared(component) || performance.now() < (this.#private.get(component) ?? 0))
      return undefined;
    // First: a visitor who sees drafts shares no runs.
    const outside = this.#outside(() => run.makePrivate());
    if (!outside) return undefined;
    const changeCount = hub().changeCount;
    const found = this.#runs.get(token);
    if (found?.isCurrentAt(changeCount)) return found;
    const run: SharedRun = new SharedRun({
      component,
      props,
      changeCount,
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
