import { describe, expect, it } from "vitest";
import type { FollowedTab } from "./followed-tab.ts";
import { PendingChanges } from "./pending-changes.ts";

const tab = (name: string): FollowedTab => ({ name, takeVersions: () => `of ${name}` }) as FollowedTab;

describe("what a stream has to tell", () => {
  it("gathers until the end of the turn, is due, and gathers again with the next change", () => {
    const [one, two] = [tab("one"), tab("two")];
    const pending = new PendingChanges();
    expect(pending.add(one, "page")).toBe(true);
    expect([pending.gather(), pending.isDue]).toEqual([true, false]);
    expect([pending.gather(), pending.isDue]).toEqual([false, false]);
    pending.endTurn(0);
    expect(pending.isDue).toBe(true);
    expect(pending.add(two, "page")).toBe(true);
    expect([pending.gather(), pending.isDue]).toEqual([true, false]);
    pending.endTurn(30);
    expect(pending.toEvent()).toEqual({ tabs: { one: ["page", "of one"], two: ["page", "of two"] }, spreadMs: 30 });
  });

  it("has each tab once: with the whole route when any change needs that, and the longest time of all turns", () => {
    const one = tab("one");
    const pending = new PendingChanges();
    expect(["page", "route", "page"].map((way) => pending.add(one, way as "page" | "route"))).toEqual([
      true,
      false,
      false,
    ]);
    pending.endTurn(80);
    pending.endTurn(20);
    expect(pending.toEvent()).toEqual({ tabs: { one: ["route", "of one"] }, spreadMs: 80 });
  });
});
