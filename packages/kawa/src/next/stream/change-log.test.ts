import { describe, expect, it } from "vitest";
import { ChangeLog } from "./change-log.ts";

const at = (seq: number, epoch = "e"): { epoch: string; seq: number } => ({ epoch, seq });

describe("ChangeLog", () => {
  it("knows which keys have changed after a version", () => {
    const log = new ChangeLog(at(10));
    log.add({ keys: ["a", "b"], version: at(11) });
    log.add({ keys: ["a"], version: at(12) });
    const changed = (key: string, since: number): boolean => [...log.changed(new Set([key]), at(since))].length > 0;
    expect([changed("a", 10), changed("a", 11), changed("a", 12)]).toEqual([true, true, false]);
    expect([changed("b", 10), changed("b", 11)]).toEqual([true, false]);
    expect(changed("c", 10)).toBe(false);
    expect([10, 11, 12].map((since) => [...log.changed(undefined, at(since))].length > 0)).toEqual([true, true, false]);
  });

  it("reaches back to where it began, in its own history only", () => {
    const log = new ChangeLog(at(10));
    expect([log.reaches(at(9)), log.reaches(at(10)), log.reaches(at(10, "other"))]).toEqual([false, true, false]);
  });

  it("forgets the keys that changed longest ago, and says how far it reaches then", () => {
    const log = new ChangeLog(at(0));
    for (let seq = 1; seq <= 20_000; seq += 1) log.add({ keys: [`k${seq}`], version: at(seq) });
    log.add({ keys: ["k1"], version: at(20_001) });
    expect(log.reaches(at(0))).toBe(true);
    log.add({ keys: ["new"], version: at(20_002) });
    expect([log.reaches(at(1)), log.reaches(at(2))]).toEqual([false, true]);
    expect([...log.changed(new Set(["k1"]), at(20_000))]).toEqual(["k1"]);
  });
});
