import { describe, expect, it } from "vitest";
import { createPresentEntry, type PresentEntry, versionOfEntry } from "../../src/core/backend/entry.ts";
import { homeOf } from "../../src/core/backend/home-of.ts";
import type { CommutingChange } from "../../src/core/value/commuting.ts";
import { encodeValue } from "../../src/core/value/value.ts";
import { codeOf } from "../support/caught.ts";
import { type CurrentBackend, increment, read } from "./support.ts";

/** The version of a definition, which is stored with each value. */
export function describeVersions(current: CurrentBackend): void {
  const initial = (value: unknown, version: number): PresentEntry =>
    createPresentEntry(0, encodeValue("initial", value, undefined, version));
  const change = (key: string, one: CommutingChange, version: number): Promise<unknown> =>
    current().change(key, one, initial(10, version));
  const found = async (key: string): Promise<readonly [version: number, value: unknown]> => {
    const entry = await read(current(), key);
    return [versionOfEntry(entry), entry.state === "present" ? entry.value : entry.state];
  };

  describe("versions of values", () => {
    it.each([
      [{ a: [1, null] }],
      [undefined],
      [Number.NaN],
      [-0],
      [new Date(5)],
      [new Set(["v", 3])],
      [["v", 3, 1]],
      ["v"],
    ])("are kept beside %o", async (value) => {
      const backend = current();
      await backend.set("plain", value);
      await backend.set("versioned", value, { version: 3 });
      expect(await found("plain")).toEqual([1, value]);
      expect(await found("versioned")).toEqual([3, value]);
    });

    it("are those of each write", async () => {
      const backend = current();
      await backend.set("n", 1, { version: 4 });
      expect(await backend.update("n", increment, { version: 5 })).toBe(2);
      expect(await found("n")).toEqual([5, 2]);
      await Promise.all([
        backend.set("n", 10, { version: 6 }),
        backend.update("n", increment, { version: 7 }),
        backend.update("n", increment, { version: 7 }),
      ]);
      expect(await found("n")).toEqual([7, 12]);
      await backend.update("n", increment);
      expect(await found("n")).toEqual([1, 13]);
    });

    it("are seen by an updater", async () => {
      const seen: number[] = [];
      await current().set("n", 1, { version: 2 });
      await current().update("n", (entry) => seen.push(versionOfEntry(entry)), { version: 3 });
      expect(seen).toEqual([2]);
    });

    it("a change is made of a value of its own version alone", async () => {
      expect(await change("n", { increment: 1 }, 2)).toBe(11);
      expect(await change("n", { increment: 1 }, 2)).toBe(12);
      expect(await found("n")).toEqual([2, 12]);
      expect(await codeOf(() => change("n", { increment: 1 }, 3))).toBe("UPDATE_CONFLICT");
      expect(await codeOf(() => change("n", { increment: 1 }, 1))).toBe("VALUE_TOO_NEW");
      expect(await found("n")).toEqual([2, 12]);
    });

    it("a change behind a write of this turn too", async () => {
      const backend = current();
      const writes = [backend.set("n", 1, { version: 2 }), change("n", { increment: 1 }, 2)];
      const late = codeOf(() => change("n", { increment: 1 }, 3));
      expect((await Promise.all(writes))[1]).toBe(2);
      expect(await late).toBe("UPDATE_CONFLICT");
      expect(await found("n")).toEqual([2, 2]);
    });

    it("a transaction writes and reads them", async () => {
      const [a, b] = ["tx:a", "tx:b"];
      // A transaction is of one shard.
      const backend = homeOf(current(), a);
      await backend.set(a, 1, { version: 2 });
      await backend.transact(async (get) => {
        const entry = await get(a);
        return [
          { key: a, value: versionOfEntry(entry), version: 3 },
          { key: b, changes: [{ increment: 1 }], initial: initial(5, 2) },
        ];
      });
      expect([await found(a), await found(b)]).toEqual([
        [3, 2],
        [2, 6],
      ]);
      const add = (version: number) => [{ key: b, changes: [{ increment: 1 }], initial: initial(5, version) }];
      expect(await codeOf(() => backend.transact(async () => add(1)))).toBe("VALUE_TOO_NEW");
      expect(await codeOf(() => backend.transact(async () => add(3)))).toBe("UPDATE_CONFLICT");
      await backend.transact(async () => add(2));
      expect(await found(b)).toEqual([2, 7]);
    });
  });
}
