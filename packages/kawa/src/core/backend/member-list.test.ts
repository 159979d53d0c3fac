import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { modelRuns } from "../../../test/support/model-runs.ts";
import { idsAfter } from "./list-change.ts";
import { createPresentEntry, sizeOfEntry, textOf } from "./entry.ts";
import { isMemberList, MemberList } from "./member-list.ts";
import { membersKey } from "./members.ts";
import { decodeValue } from "../value/value.ts";

const key = membersKey("room");
const idsOf = (list: MemberList): readonly string[] => list.value.ids;

describe("a list of members", () => {
  it("has no value and no text when there is nobody", () => {
    const list = MemberList.of(3, []);
    expect([list.state, list.seq, list.textOf(key)]).toEqual(["absent", 3, null]);
    expect(MemberList.of(3, ["a"]).state).toBe("present");
  });

  it("gives the same value while it is the newest, and its text", () => {
    const list = MemberList.of(1, ["b", "a"]);
    expect(list.value).toBe(list.value);
    expect(Object.isFrozen(list.value.ids)).toBe(true);
    expect(decodeValue(list.textOf(key)!)).toEqual({ ids: ["b", "a"] });
  });

  it("shows in older versions who was there, in their order", () => {
    const first = MemberList.of(1, ["a", "b", "c"]);
    const second = first.changed(2, { left: ["b"], joined: ["d"] });
    const third = second.changed(3, { left: ["a"], joined: ["a"] });
    expect([first, second, third].map(idsOf)).toEqual([
      ["a", "b", "c"],
      ["a", "c", "d"],
      ["c", "d", "a"],
    ]);
    expect(decodeValue(first.textOf(key)!)).toEqual({ ids: ["a", "b", "c"] });
  });

  it("tells nothing of a version of another line", () => {
    expect(MemberList.of(1, ["a"]).changeTo(MemberList.of(2, ["a", "b"]))).toBeUndefined();
    const first = MemberList.of(1, ["a"]);
    const second = first.changed(2, { left: [], joined: ["b"] });
    expect(second.changeTo(first)).toBeUndefined();
  });

  it("tells the same of two versions only once", () => {
    const first = MemberList.of(1, ["a"]);
    const second = first.changed(2, { left: [], joined: ["b"] });
    expect(first.changeTo(second)).toBe(first.changeTo(second));
  });
});

it("whoever comes and goes, each version stays as it was, and a change leads from whatever has seen a part of it to its end", () => {
  const id = fc.constantFrom(..."abcdef");
  fc.assert(
    fc.property(fc.array(fc.array(id, { minLength: 1, maxLength: 3 }), { maxLength: 12 }), (steps) => {
      let list = MemberList.of(0, []);
      const versions = [list];
      const reference: (readonly string[])[] = [[]];
      for (const [index, toggled] of steps.entries()) {
        const before = reference.at(-1)!;
        // Of one that is named twice, it goes and comes again.
        const left = [...new Set(toggled)].filter((one) => before.includes(one));
        const joined = [...new Set(toggled)].filter(
          (one) => !before.includes(one) || toggled.indexOf(one) !== toggled.lastIndexOf(one),
        );
        list = list.changed(index + 1, { left, joined });
        versions.push(list);
        reference.push([...before.filter((one) => !left.includes(one)), ...joined]);
      }
      expect(versions.map(idsOf)).toEqual(reference);
      expect(versions.map(({ count }) => count)).toEqual(reference.map(({ length }) => length));
      expect(versions.map(({ size }) => size)).toEqual(reference.map(({ length }) => 11 * length));
      for (let from = 0; from < versions.length; from += 1) {
        for (let to = from; to < versions.length; to += 1) {
          const change = versions[from]!.changeTo(versions[to]!)!;
          for (let at = from; at <= to; at += 1) expect(idsAfter(reference[at]!, change)).toEqual(reference[to]);
        }
      }
    }),
    { numRuns: modelRuns(200) },
  );
});

describe("another copy of the module, as each part of a server has one", () => {
  it("knows a list, its text and its size", async () => {
    const list = MemberList.of(1, ["a", "b"]);
    vi.resetModules();
    const [otherList, otherEntry] = await Promise.all([import("./member-list.ts"), import("./entry.ts")]);
    expect(otherList.MemberList).not.toBe(MemberList);
    expect(otherList.isMemberList(list)).toBe(true);
    expect(isMemberList(otherList.MemberList.of(1, []))).toBe(true);
    expect(isMemberList(createPresentEntry(1, "[1]"))).toBe(false);
    expect(isMemberList(undefined)).toBe(false);
    // The list itself gives it: nobody encodes the ids anew.
    expect(otherEntry.textOf(key, list as never)).toBe(textOf(key, list as never));
    expect(otherEntry.sizeOfEntry(list as never)).toBe(list.size);
    const value = createPresentEntry(1, "[1234]");
    expect([otherEntry.sizeOfEntry(value), sizeOfEntry(value)]).toEqual([6, 6]);
    expect(otherEntry.sizeOfEntry({ state: "absent", seq: 1 })).toBe(0);
  });
});
