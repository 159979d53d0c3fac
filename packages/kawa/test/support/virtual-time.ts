import { setImmediate as nextTurn } from "node:timers";
import { vi } from "vitest";

/**
 * Replaces timers, immediates and both clocks. {@link runUntil} then lets time pass as fast as the work of each moment allows.
 * A test that uses `node:timers/promises` has to mock it with {@link virtualTimersPromises}.
 */
export function startVirtualTime(): void {
  vi.useFakeTimers({
    toFake: [
      "setTimeout",
      "clearTimeout",
      "setInterval",
      "clearInterval",
      "setImmediate",
      "clearImmediate",
      "performance",
      "Date",
    ],
  });
}

export function restoreRealTime(): void {
  vi.useRealTimers();
}

/** Fires one timer after the other, with all promises in between, until `isDone`. Throws when `limitMs` have passed. */
export async function runUntil(
  isDone: () => boolean,
  limitMs: number,
  afterEach: () => void = () => {},
): Promise<void> {
  const end = performance.now() + limitMs;
  for (;;) {
    await new Promise((resolve) => nextTurn(resolve));
    afterEach();
    if (isDone()) return;
    if (performance.now() > end || vi.getTimerCount() === 0)
      throw new Error(`It did not happen within ${limitMs} ms of virtual time.`);
    vi.advanceTimersToNextTimer();
  }
}

/** Lets `durationMs` pass. */
export async function runFor(durationMs: number, afterEach?: () => void): Promise<void> {
  let isOver = false;
  setTimeout(() => (isOver = true), durationMs);
  await runUntil(() => isOver, durationMs + 1, afterEach);
}

/** Node's promise timers are not among those that fake timers replace. */
export const virtualTimersPromises = {
  setTimeout: <T>(ms: number, value: T, { signal }: { signal?: AbortSignal } = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms, value);
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    }),
};
