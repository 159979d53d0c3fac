import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { hedged } from "./hedged.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

type Attempt = PromiseWithResolvers<string>;

function start(isFinal: (error: unknown) => boolean = () => false) {
  const attempts: Attempt[] = [];
  const dropped: string[] = [];
  const attempt = (): Promise<string> => {
    const next = Promise.withResolvers<string>();
    attempts.push(next);
    return next.promise;
  };
  const result = hedged(attempt, { afterMs: 1_000, most: 3, drop: (value) => void dropped.push(value), isFinal });
  const outcome = result.catch((error: unknown) => error);
  return { attempts, dropped, outcome };
}

it("makes one attempt where that is quick", async () => {
  const { attempts, outcome } = start();
  attempts[0]!.resolve("first");
  expect(await outcome).toBe("first");
  await vi.advanceTimersByTimeAsync(10_000);
  expect([attempts.length, vi.getTimerCount()]).toEqual([1, 0]);
});

it("goes past attempts that hang, and drops what they give later", async () => {
  const { attempts, dropped, outcome } = start();
  await vi.advanceTimersByTimeAsync(2_000);
  attempts[2]!.resolve("third");
  expect(await outcome).toBe("third");
  attempts[0]!.resolve("first");
  attempts[1]!.reject(new Error("late"));
  await vi.advanceTimersByTimeAsync(10_000);
  expect([attempts.length, dropped]).toEqual([3, ["first"]]);
});

it("has so many at a time, and another one when one has failed", async () => {
  const { attempts } = start();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(attempts).toHaveLength(3);
  attempts[1]!.reject(new Error("one of them"));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(attempts).toHaveLength(4);
});

it("fails when no attempt is left", async () => {
  const { attempts, outcome } = start();
  await vi.advanceTimersByTimeAsync(1_000);
  attempts[0]!.reject(new Error("first"));
  attempts[1]!.reject(new Error("second"));
  expect(await outcome).toEqual(new Error("second"));
  expect(vi.getTimerCount()).toBe(0);
});

it("fails at once with what no other attempt mends", async () => {
  const { attempts, outcome } = start((error) => error instanceof TypeError);
  await vi.advanceTimersByTimeAsync(1_000);
  attempts[0]!.reject(new TypeError("refused"));
  expect(await outcome).toEqual(new TypeError("refused"));
});
