import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { StoreSchedule } from "./store-schedule.ts";

const much = 2 * 1024 * 1024;

let size: number;
/** When something was stored, in milliseconds since the beginning. */
let storedAt: number[];
let failure: Error | undefined;
let mayTryAgain: boolean;
let schedule: StoreSchedule;

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  size = 0;
  storedAt = [];
  failure = undefined;
  mayTryAgain = true;
  const start = performance.now();
  schedule = new StoreSchedule({
    size: () => size,
    async store() {
      storedAt.push(Math.round(performance.now() - start));
      if (failure) throw failure;
      size = 0;
    },
    mayTryAgain: () => mayTryAgain,
  });
});

afterEach(() => vi.useRealTimers());

function commit(characters: number): void {
  size += characters;
  schedule.plan();
}

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe("what the journal has", () => {
  it("is stored soon after a first commit, and not where there is nothing", async () => {
    schedule.plan();
    await pass(1_000);
    commit(1);
    commit(1);
    await pass(1_000);
    expect(storedAt).toEqual([1_030]);
  });

  it("is stored together while commits keep coming", async () => {
    for (let at = 0; at < 5_000; at += 10) {
      commit(100);
      await pass(10);
    }
    expect(storedAt).toEqual([30, 2_030, 4_030]);
    expect(size).toBeGreaterThan(0);
    await pass(2_000);
    expect([storedAt.length, size]).toEqual([4, 0]);
  });

  it("is stored at once where it is much, and each time once", async () => {
    commit(1);
    await pass(100);
    commit(much);
    commit(much);
    await pass(5);
    commit(1);
    await pass(400);
    expect(storedAt).toEqual([30, 100]);
    await pass(2_000);
    expect(storedAt).toEqual([30, 100, 2_100]);
  });

  it("is stored again after a failure, however much comes meanwhile", async () => {
    failure = new Error("the engine is gone");
    commit(1);
    for (let at = 0; at < 900; at += 10) {
      commit(much);
      await pass(10);
    }
    expect(storedAt).toHaveLength(2);
    failure = undefined;
    await pass(1_000);
    expect([storedAt.length, size]).toEqual([3, 0]);
  });

  it("is not stored after a failure that is final, nor after the end", async () => {
    failure = new Error("it was replaced");
    mayTryAgain = false;
    commit(1);
    await pass(100);
    commit(much);
    await pass(5_000);
    expect(storedAt).toEqual([30]);
    schedule.end();
    commit(1);
    await pass(5_000);
    expect([storedAt, vi.getTimerCount()]).toEqual([[30], 0]);
  });
});
