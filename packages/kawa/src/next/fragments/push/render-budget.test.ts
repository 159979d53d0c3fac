import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { RenderBudget } from "./render-budget.ts";

const cheap = { component: () => null };
const dear = { component: () => null };

let budget: RenderBudget;

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  budget = new RenderBudget();
  for (let n = 0; n < 20; n += 1) {
    budget.learn(cheap.component, 0.1);
    budget.learn(dear.component, 40);
  }
});

describe("RenderBudget", () => {
  it("lets as many be rendered in one piece as fit into it, and at least one", () => {
    expect(budget.fitting(Array.from({ length: 200 }, () => cheap))).toHaveLength(50);
    expect(budget.fitting([dear, dear])).toEqual([dear]);
    expect(budget.fitting([cheap, dear])).toEqual([cheap]);
    expect(budget.fitting([])).toEqual([]);
  });

  it("lets pieces begin at once while they are few, and one after the other when they are many", () => {
    const now = performance.now();
    const delays = Array.from({ length: 4 }, () => budget.reserve([dear]) - now);
    expect(delays).toEqual([0, 0, 5, 10]);
    vi.advanceTimersByTime(100);
    const cheapOnes = Array.from({ length: 20 }, () => budget.reserve([cheap]) - performance.now());
    expect(cheapOnes.filter((delayMs) => delayMs === 0)).toHaveLength(9);
    expect(cheapOnes.at(-1)).toBeCloseTo(20 * 0.6 - 5 - 0.6);
    vi.advanceTimersByTime(100);
    expect(budget.reserve([dear])).toBe(performance.now());
  });
});
