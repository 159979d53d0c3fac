import { processState } from "../../core/process-state.ts";
import { pushLimits } from "../limits.ts";
import type { FragmentComponent } from "./fragment-registry.ts";

/** Of a component that has not been rendered yet, and at least, in milliseconds. */
const unknownCostMs = 0.5;
const leastCostMs = 0.02;

/**
 * Spreads the rendering of fragments: pieces that would take longer than a slice together begin one after the other, and in between
 * the process does everything else. A component cannot be interrupted, but the next one waits.
 */
export class RenderBudget {
  readonly #costs = new WeakMap<FragmentComponent, number>();
  #freeAt = Number.NEGATIVE_INFINITY;

  /** What rendering a component takes, as far as it is known. */
  costOf(component: FragmentComponent): number {
    return this.#costs.get(component) ?? unknownCostMs;
  }

  /** As many as fit into a slice, and at least one. */
  fitting<T extends { readonly component: FragmentComponent }>(fragments: Iterable<T>): T[] {
    const some: T[] = [];
    let costMs = 0;
    for (const fragment of fragments) {
      costMs += this.costOf(fragment.component);
      if (costMs > pushLimits.sliceMs && some.length > 0) break;
      some.push(fragment);
    }
    return some;
  }

  /** When these may be rendered, by the process clock. */
  reserve(fragments: readonly { readonly component: FragmentComponent }[]): number {
    const now = performance.now();
    const costMs = fragments.reduce((sum, { component }) => sum + this.costOf(component), 0);
    const startAt = Math.max(now, this.#freeAt);
    this.#freeAt = Math.max(this.#freeAt, now - pushLimits.sliceMs) + Math.min(costMs, pushLimits.sliceMs);
    return startAt;
  }

  /** Rendering a component has taken so long. */
  learn(component: FragmentComponent, spentMs: number): void {
    const before = this.#costs.get(component) ?? spentMs;
    this.#costs.set(component, Math.max((before + spentMs) / 2, leastCostMs));
  }
}

export function renderBudget(): RenderBudget {
  return processState("render-budget", () => new RenderBudget());
}
