import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { modelRuns } from "../../../test/support/model-runs.ts";
import { UndoLog } from "./undo-log.ts";

const value = (seq: number): { seq: number } => ({ seq });

describe("an undo log", () => {
  it("finds what a key held after a commit, until it was overwritten", () => {
    const log = new UndoLog();
    log.add({ key: "a", value: value(2), until: 5 });
    log.add({ key: "b", value: value(1), until: 5 });
    log.add({ key: "a", value: value(5), until: 9 });
    expect([1, 2, 4, 5, 8, 9].map((at) => log.find("a", at)?.seq)).toEqual([undefined, 2, 2, 5, 5, undefined]);
    expect(log.find("c", 2)).toBeUndefined();
  });

  it("forgets the oldest first", () => {
    const log = new UndoLog();
    log.add({ key: "a", value: value(1), until: 2 });
    log.add({ key: "a", value: value(2), until: 3 });
    expect(log.forgetOldest()).toEqual({ key: "a", value: value(1), until: 2 });
    expect([log.find("a", 1), log.find("a", 2)]).toEqual([undefined, value(2)]);
    expect(log.oldest?.until).toBe(3);
    log.forgetOldest();
    expect([log.length, log.oldest, log.forgetOldest(), log.find("a", 2)]).toEqual([
      0,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("finds after many were added and forgotten what a list would", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom("a", "b", "c") }, fc.constant(undefined)), {
          maxLength: 6_000,
          size: "max",
        }),
        (steps) => {
          const log = new UndoLog();
          let list: { key: string; value: { seq: number }; until: number }[] = [];
          const seqs = new Map<string, number>();
          for (const [seq, key] of steps.entries()) {
            if (key === undefined) {
              list = list.slice(1);
              log.forgetOldest();
            } else {
              const overwritten = { key, value: value(seqs.get(key) ?? 0), until: seq + 1 };
              seqs.set(key, seq + 1);
              list.push(overwritten);
              log.add(overwritten);
            }
          }
          expect(log.length).toBe(list.length);
          expect(log.oldest).toEqual(list[0]);
          for (const { key, value, until } of list.slice(0, 20)) expect(log.find(key, until - 1)).toBe(value);
        },
      ),
      { numRuns: modelRuns(20) },
    );
  });
});
