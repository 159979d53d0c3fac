import { afterEach, describe, expect, it, vi } from "vitest";
import { collectGarbage } from "../../../test/support/when-collected.ts";
import { effect } from "../../core/effect.ts";
import { Replica } from "./replica.ts";

const mebi = 1024 * 1024;

afterEach(() => {
  vi.useRealTimers();
});

function bytesInUse(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** 400 reads of 200 keys each, of which none is there. */
function readAbsentKeys(replica: Replica): void {
  for (let read = 0; read < 400; read += 1) {
    const keys = Array.from({ length: 200 }, (_, n) => `rooms:${read}-${n}-${Math.random().toString(36).slice(2)}`);
    const end = replica.expect(keys);
    replica.learn(keys.map((key) => [key, null, 0]));
    end();
  }
}

describe("what a stranger made a replica remember", () => {
  it("is forgotten again after 80,000 keys that do not exist, and so is its memory", () => {
    vi.useFakeTimers();
    const replica = new Replica();
    replica.restart([["kept", "[1]", 1]], { epoch: "e", seq: 1 });
    const before = bytesInUse();
    readAbsentKeys(replica);
    expect(replica.size).toBe(80_001);
    const during = bytesInUse() - before;
    vi.advanceTimersByTime(180_000);
    expect(replica.size).toBe(10_001);
    expect(bytesInUse() - before).toBeLessThan(during / 4);
    expect(replica.isKnown("kept")).toBe(true);
    replica.close();
  });

  it(
    "is no more than 250,000 of the values that were read once, and 64 Mi characters of them",
    { timeout: 30_000 },
    () => {
      vi.useFakeTimers();
      const many = new Replica();
      const large = new Replica();
      for (let n = 0; n < 300_000; n += 1) many.learn([[`many:${n}`, "[1]", 1]]);
      for (let n = 0; n < 1_000; n += 1) large.learn([[`large:${n}`, "x".repeat(mebi / 8), 1]]);
      vi.advanceTimersByTime(180_000);
      expect(many.size).toBe(250_000);
      expect(large.size).toBe(511);
      many.close();
      large.close();
    },
  );

  it("is not what is followed: an effect hears of a change, however much is forgotten beside it", () => {
    vi.useFakeTimers();
    const replica = new Replica();
    replica.restart([["a", "[1]", 1]], { epoch: "e", seq: 1 });
    const seen: number[] = [];
    const stop = effect(() => void seen.push(replica.cell("a").value.seq));
    readAbsentKeys(replica);
    vi.advanceTimersByTime(180_000);
    replica.applyDelta({ epoch: "e", from: 1, to: 2, rows: [["a", "[2]", 2]] });
    expect(seen).toEqual([1, 2]);
    stop();
    replica.close();
  });

  it("is read again when somebody asks for it, as it is then", () => {
    vi.useFakeTimers();
    const replica = new Replica({ emptyCount: 0, valueCount: 0, minAgeMs: 1_000 });
    replica.restart([["a", "[1]", 1]], { epoch: "e", seq: 1 });
    vi.advanceTimersByTime(1_500);
    expect(replica.isKnown("a")).toBe(true);
    vi.advanceTimersByTime(2_000);
    expect([replica.isKnown("a"), replica.size, replica.followedKeys()]).toEqual([false, 0, []]);
    replica.applyDelta({ epoch: "e", from: 1, to: 2, rows: [["a", "[2]", 2]] });
    expect(replica.isKnown("a")).toBe(false);
    replica.learn([["a", "[2]", 2]]);
    expect(replica.cell("a").peek().seq).toBe(2);
    replica.close();
  });

  it("is followed while an effect reads it, also where it was refused until now", () => {
    const replica = new Replica();
    replica.restart([], { epoch: "e", seq: 1 });
    const stop = effect(() => void replica.cell("a").value);
    replica.expect(["a"])();
    expect([replica.isFollowed("a"), replica.followedKeys()]).toEqual([true, ["a"]]);
    stop();
    expect([replica.isFollowed("a"), replica.followedKeys()]).toEqual([false, []]);
  });

  it("does not stay expected when a read has failed", () => {
    const replica = new Replica();
    replica.restart([], { epoch: "e", seq: 1 });
    const [first, second] = [replica.expect(["a"]), replica.expect(["a", "b"])];
    first();
    first();
    expect(replica.isFollowed("a")).toBe(true);
    second();
    expect([replica.isFollowed("a"), replica.isFollowed("b"), replica.followedKeys()]).toEqual([false, false, []]);
  });
});
