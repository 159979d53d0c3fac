import { describe, expect, it } from "vitest";
import { membersKey, type Members, noMembers } from "../../src/core/backend/members.ts";
import { type CurrentBackend, increment, read, valueOf, watch } from "./support.ts";

/** Longer than any test takes. */
const long = { ttlMs: 600_000 };
const short = { ttlMs: 30 };

export function describeEphemeral(current: CurrentBackend): void {
  const members = async (group: string): Promise<Members> =>
    valueOf(await read(current(), membersKey(group)), noMembers);
  const ids = async (group: string): Promise<readonly string[]> => (await members(group)).ids;

  describe("ephemeral values", () => {
    it("are values as others", async () => {
      const backend = current();
      await backend.set("room:a", 1, long);
      expect(await backend.update("room:a", increment, long)).toBe(2);
      expect(valueOf(await read(backend, "room:a"), 0)).toBe(2);
      expect([...(await backend.entries("room:"))]).toEqual([["room:a", 2]]);
      expect(await backend.keys("")).toEqual(["room:a"]);
    });

    it("are listed by group in the order in which they came, however often they are written", async () => {
      const backend = current();
      for (const key of ["room:b", "room:a", "other:c", "room:deep:d", "alone", "room:b"])
        await backend.set(key, key, long);
      expect(await members("room")).toEqual({ ids: ["b", "a"] });
      expect([await ids("other"), await ids("room:deep"), await ids("")]).toEqual([["c"], ["d"], ["alone"]]);
    });

    it("come and go in one version with the list of their group", async () => {
      const backend = current();
      await read(backend, membersKey("room"));
      await read(backend, "room:a");
      const changes = watch(backend);
      await backend.set("room:a", 1, long);
      await backend.set("room:a", 2, long);
      await backend.delete("room:a");
      const list = membersKey("room");
      expect(changes.map(({ keys }) => [...keys].sort())).toEqual([
        [list, "room:a"].sort(),
        ["room:a"],
        [list, "room:a"].sort(),
      ]);
      expect(await ids("room")).toEqual([]);
    });

    it("leave the list when they are cleared, or written to stay", async () => {
      const backend = current();
      for (const key of ["room:a", "room:b", "hall:a"]) await backend.set(key, 1, long);
      await backend.set("room:a", 2);
      expect(await ids("room")).toEqual(["b"]);
      await backend.clear("room:");
      expect([await ids("room"), await ids("hall")]).toEqual([[], ["a"]]);
      await backend.set("room:c", 1, long);
      expect(await ids("room")).toEqual(["c"]);
    });

    it("can be renewed while there is one, which is no change", async () => {
      const backend = current();
      await backend.set("room:a", 1, long);
      await backend.set("room:stays", 1);
      const changes = watch(backend);
      const { seq } = backend.version;
      expect(await Promise.all(["room:a", "room:stays", "room:none"].map((key) => backend.renew(key)))).toEqual([
        true,
        false,
        false,
      ]);
      await backend.delete("room:a");
      expect(await backend.renew("room:a")).toBe(false);
      expect(changes).toHaveLength(1);
      expect(backend.version.seq).toBe(seq + 1);
    });

    it("keep the order of renewals and writes of one turn", async () => {
      const backend = current();
      const outcomes = await Promise.all([
        backend.set("room:a", 1, long),
        backend.renew("room:a"),
        backend.update("room:a", increment, long),
        backend.renew("room:a"),
      ]);
      expect(outcomes).toEqual([undefined, true, 2, true]);
      expect(await ids("room")).toEqual(["a"]);
    });

    it("are deleted when nobody renews them", async () => {
      const backend = current();
      await backend.set("room:stays", 1);
      await backend.set("room:a", 1, long);
      await read(backend, "room:b");
      const changes = watch(backend);
      await backend.set("room:b", 1, short);
      await expect.poll(() => backend.entry("room:b").peek().state).toBe("absent");
      expect(await backend.keys("room:")).toEqual(["room:a", "room:stays"]);
      expect(changes.at(-1)!.keys).toContain("room:b");
    });
  });
}
