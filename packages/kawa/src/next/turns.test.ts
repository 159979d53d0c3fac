import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Turns } from "./turns.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
});

describe("Turns", () => {
  it("lets pieces of work go on until they have taken a slice, and the rest in later turns, in order", async () => {
    const turns = new Turns();
    const done: string[] = [];
    let turn = 0;
    const work = async (name: string): Promise<void> => {
      for (let piece = 0; piece < 3; piece += 1) {
        await turns.next();
        vi.advanceTimersByTime(2);
        done.push(`${turn} ${name}${piece}`);
      }
    };
    const all = Promise.all(["a", "b"].map(work));
    for (; done.length < 6; turn += 1) await new Promise(setImmediate);
    await all;
    expect(done.map((entry) => entry.split(" ")[1])).toEqual(["a0", "b0", "a1", "b1", "a2", "b2"]);
    const perTurn = Map.groupBy(done, (entry) => entry.split(" ")[0]);
    expect(Math.max(...[...perTurn.values()].map(({ length }) => length))).toBeLessThanOrEqual(3);
  });
});
