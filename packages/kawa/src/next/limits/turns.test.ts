import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Turns } from "./turns.ts";

let clock: { nowMs: number; idleMs: number };
let turns: Turns;
let done: string[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "setImmediate"] });
  onTestFinished(() => void vi.useRealTimers());
  clock = { nowMs: 0, idleMs: 0 };
  turns = new Turns({ now: () => clock.nowMs, idleMs: () => clock.idleMs });
  done = [];
});

async function work(client: string, pieceCount: number, pieceMs = 2): Promise<void> {
  for (let piece = 0; piece < pieceCount; piece += 1) {
    await turns.next(client);
    // What comes after promises that are settled is of the piece, too.
    for (let n = 0; n < 10; n += 1) await undefined;
    clock.nowMs += pieceMs;
    done.push(`${client}${piece}`);
  }
}

/** Lets time pass, in which the event loop waits for `idleMs`. */
async function pass(ms: number, idleMs = 0): Promise<void> {
  clock.nowMs += ms;
  clock.idleMs += idleMs;
  await vi.advanceTimersByTimeAsync(2);
}

describe("Turns", () => {
  it("does work until it has taken a slice, and goes on when the process has nothing else to do", async () => {
    void work("a", 7);
    await pass(0);
    expect(done).toEqual(["a0", "a1", "a2"]);
    await pass(1);
    expect(done).toHaveLength(3);
    await pass(1, 0.1);
    expect(done).toEqual(["a0", "a1", "a2", "a3", "a4", "a5"]);
    await pass(1, 0.1);
    expect(done).toHaveLength(7);
    expect(turns.size).toBe(0);
  });

  it("goes on after a pause where the process always has something else to do", async () => {
    void work("a", 6);
    await pass(0);
    await pass(13);
    expect(done).toHaveLength(3);
    await pass(7);
    expect(done).toHaveLength(6);
  });

  it("counts what one piece after the other takes, also where nothing waits in between", async () => {
    for (let n = 0; n < 3; n += 1) {
      void work("a", 1);
      await pass(0);
    }
    expect(done).toHaveLength(3);
    void work("late", 1);
    await pass(1);
    expect(done).toHaveLength(3);
    await pass(1, 0.1);
    expect(done).toHaveLength(4);
  });

  it("lets clients take turns, however much one of them asks for", async () => {
    for (let n = 0; n < 100; n += 1) void work(`many`, 1, 0.01);
    void work("few", 2, 0.01);
    await pass(0);
    expect(done.slice(0, 4)).toEqual(["many0", "few0", "many0", "few1"]);
    expect(done).toHaveLength(102);
  });

  it("does one piece at a time that takes longer than a slice", async () => {
    void work("a", 2, 50);
    void work("b", 2, 50);
    for (let count = 1; count <= 4; count += 1) {
      await pass(1, 0.1);
      expect(done).toHaveLength(count);
    }
    expect(done).toEqual(["a0", "b0", "a1", "b1"]);
  });
});
