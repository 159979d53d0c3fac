import { describe, expect, it } from "vitest";
import { codeOf } from "../support/caught.ts";
import type { CurrentBackend } from "./support.ts";

export function describeListing(current: CurrentBackend): void {
  describe("keys and entries", () => {
    it("are empty when nothing has a value, also for keys that were loaded", async () => {
      const backend = current();
      await backend.load(["a", "b"]);
      expect(await backend.keys("")).toEqual([]);
      expect([...(await backend.entries(""))]).toEqual([]);
    });

    it("come in code unit order, however they were written", async () => {
      const backend = current();
      const ordered = ["", "!", "10", "9", "A", "Z", "_", "a", "a:b", "aa", "é", "ключ", "🎈", "\uffee"].map(
        (end) => `k${end}`,
      );
      for (const key of [...ordered].reverse()) await backend.set(key, key);
      expect(await backend.keys("k")).toEqual(ordered);
      expect([...(await backend.entries("k")).keys()]).toEqual(ordered);
    });

    it("hold the keys that start with the prefix, and no others", async () => {
      const backend = current();
      for (const key of ["app:a", "app:b:c", "app", "apple", "APP:a", "b:app:a"]) await backend.set(key, 1);
      expect(await backend.keys("app:")).toEqual(["app:a", "app:b:c"]);
      expect(await backend.keys("app")).toEqual(["app", "app:a", "app:b:c", "apple"]);
      expect([...(await backend.entries("app:b"))]).toEqual([["app:b:c", 1]]);
      expect(await backend.keys("nobody")).toEqual([]);
    });

    it("take a prefix literally", async () => {
      const backend = current();
      for (const key of ["a%b", "axb", "a_b", "a*b", "a\\b"]) await backend.set(key, 1);
      for (const prefix of ["a%", "a_", "a*", "a\\"]) expect(await backend.keys(prefix)).toEqual([`${prefix}b`]);
    });

    it("leave deleted keys out, and take in those that were written again", async () => {
      const backend = current();
      for (const key of ["a", "b", "c"]) await backend.set(key, 1);
      await backend.delete("a");
      await backend.delete("b");
      await backend.set("b", 2);
      expect(await backend.keys("")).toEqual(["b", "c"]);
      expect([...(await backend.entries(""))]).toEqual([
        ["b", 2],
        ["c", 1],
      ]);
    });

    it("hold a stored undefined", async () => {
      const backend = current();
      await backend.set("a", undefined);
      expect(await backend.keys("")).toEqual(["a"]);
      expect([...(await backend.entries(""))]).toEqual([["a", undefined]]);
    });

    it("give every kind of value back", async () => {
      const backend = current();
      const values = { date: new Date(0), map: new Map([["a", 1n]]), list: [1, [2]], text: "x".repeat(10_000) };
      for (const [key, value] of Object.entries(values)) await backend.set(key, value);
      expect(Object.fromEntries(await backend.entries(""))).toStrictEqual(values);
    });

    it("hold as many as there are", async () => {
      const backend = current();
      const keys = Array.from({ length: 2_500 }, (_, n) => `many:${String(n).padStart(4, "0")}`);
      await Promise.all(keys.map((key, n) => backend.set(key, n)));
      expect(await backend.keys("many:")).toEqual(keys);
      expect([...(await backend.entries("many:")).values()]).toEqual(keys.map((_, n) => n));
    });

    it("hold values that are large together", async () => {
      const backend = current();
      const text = "x".repeat(200_000);
      for (let n = 0; n < 30; n += 1) await backend.set(`large:${n}`, text);
      const entries = await backend.entries("large:");
      expect(entries.size).toBe(30);
      expect([...entries.values()].every((value) => value === text)).toBe(true);
    });

    it("accept who acts", async () => {
      const backend = current();
      await backend.set("a", 1);
      expect(await backend.keys("", { context: { user: "ada" } })).toEqual(["a"]);
      expect([...(await backend.entries("", { context: { user: "ada" } }))]).toEqual([["a", 1]]);
    });
  });

  describe("readerFor", () => {
    it("resolves with what shows the same values where no hooks decide", async () => {
      const backend = current();
      await backend.set("a", 1);
      for (const options of [undefined, {}, { context: { user: "ada" } }]) {
        const reader = await backend.readerFor(options);
        await reader.load(["a", "b"]);
        expect(reader.entry("a").peek()).toMatchObject({ state: "present", value: 1 });
        expect(reader.entry("b").peek().state).toBe("absent");
      }
      expect(backend.isGuarded).toBe(false);
    });
  });

  describe("after close", () => {
    it.each(["delete", "clear", "keys", "entries"] as const)("%s rejects", async (operation) => {
      const backend = current();
      await backend.set("a", 1);
      await backend.close();
      expect(await codeOf(() => backend[operation]("a"))).toBe("BACKEND_CLOSED");
    });
  });
}
