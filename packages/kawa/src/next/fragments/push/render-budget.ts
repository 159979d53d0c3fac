import { setTimeout as sleep } from "node:timers/promises";
import { processState } from "../../../core/process/process-state.ts";
import { pushLimits } from "../../limits/limits.ts";
import type { FragmentComponent } from "./fragment-registry.ts";

/** Least cost of a component, and the cost of one that was not rendered yet, in milliseconds. */
const unknownCostMs = 0.5;
const leastCostMs = 0.02;
/** Cost of sending a round to a browser, whatever it holds, in milliseconds. */
const roundCostMs = 0.5;

/**
 * Spreads the rendering of fragments: pieces that would take longer than a slice together begin one after the other, and in between
 * the process does everything else. A component cannot be interrupted, but the next one waits.
 */
export class RenderBudget {
  readonly #costs = new WeakMap<FragmentComponent, number>();
  /** Run once for all tabs, and never in the slice of one. */
  readonly #shared = new WeakSet<FragmentComponent>();
  #freeAt = Number.NEGATIVE_INFINITY;

  /** What rendering a component takes, as far as it is known. */
  costOf(component: FragmentComponent): number {
    return this.#costs.get(component) ?? unknownCostMs;
  }

  /** The first fragments, as many as fit into a slice and at least one. */
  fitting<T extends { readonly component: FragmentComponent }>(fragments: Iterable<T>): T[] {
    const some: T[] = [];
    let costMs = 0;
    for (const fragment of fragments) {
      costMs += this.#costForTab(fragment.component);
      if (costMs > pushLimits.sliceMs && some.length > 0) break;
      some.push(fragment);
    }
    return some;
  }

  /** Reserves time for fragments. Returns when they may be rendered, by the process clock. */
  reserve(fragments: readonly { readonly component: FragmentComponent }[]): number {
    return this.#reserve(fragments.reduce((sum, { component }) => sum + this.#costForTab(component), roundCostMs));
  }

  /** Resolves when a component may run for all tabs. */
  async turnOf(component: FragmentComponent): Promise<void> {
    const waitMs = this.#reserve(this.costOf(component)) - performance.now();
    if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
  }

  #reserve(costMs: number): number {
    const now = performance.now();
    const startAt = Math.max(now, this.#freeAt);
    this.#freeAt = Math.max(this.#freeAt, now - pushLimits.sliceMs) + Math.min(costMs, pushLimits.sliceMs);
    return startAt;
  }

  /** Notes how long a component took to run for all tabs. */
  learnShared(component: FragmentComponent, spentMs: number): void {
    this.learn(component, spentMs);
    this.#shared.add(component);
  }

  #costForTab(component: FragmentComponent): number {
    return this.#shared.has(component) ? leastCostMs : this.costOf(component);
  }

  /** Notes how long a component took to render. */
  learn(component: FragmentComponent, spentMs: number): void {
    const before = this.#costs.get(component) ?? spentMs;
    this.#costs.set(component, Math.max((before + spentMs) / 2, leastCostMs));
  }
}

export function renderBudget(): RenderBudget {
  return processState("render-budget", () => new RenderBudget());
}
