import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { SignalStore } from "../../src/rivetkit/store/signal-store.ts";
import type { SignalStorage, StoreHandle, StoredRow } from "../../src/rivetkit/storage/storage.ts";
import { write } from "../support/store.ts";

/** What every {@link SignalStorage} promises. `storage` keeps what its handles of one name have committed. */
export function describeStorageContract(name: string, storage: () => SignalStorage): void {
  describe(`${name} keeps the storage contract`, () => {
    const handles: StoreHandle[] = [];

    const open = async (actor: string): Promise<StoreHandle> => {
      const handle = await storage().open(actor);
      handles.push(handle);
      return handle;
    };
    const byKey = (rows: readonly StoredRow[]): StoredRow[] =>
      [...rows].map((row) => ({ ...row })).sort((a, b) => (a.key < b.key ? -1 : 1));
    const uniqueName = (): string => `reactiveState/${randomUUID()}`;

    afterEach(async () => {
      await Promise.all(handles.splice(0).map((handle) => handle.close()));
    });

    it("is empty at first", async () => {
      expect(await (await open(uniqueName())).load(0)).toEqual([]);
    });

    it("gives back what was committed, in this handle and in the next", async () => {
      const actor = uniqueName();
      const first = await open(actor);
      const rows: StoredRow[] = [
        { key: "a", text: "[1]", seq: 0 },
        { key: "empty", text: "", seq: 0 },
        { key: "gone", text: null, seq: 0 },
      ];
      await first.commit(rows);
      expect(byKey(await first.load(0))).toEqual(rows);
      await first.close();
      expect(byKey(await (await open(actor)).load(0))).toEqual(rows);
    });

    it("overwrites by key, and tells rows by the commit that wrote them", async () => {
      const handle = await open(uniqueName());
      await handle.commit([
        { key: "a", text: "[0]", seq: 0 },
        { key: "b", text: "[0]", seq: 0 },
        { key: "c", text: "[0]", seq: 0 },
      ]);
      await handle.commit([{ key: "b", text: null, seq: 1 }]);
      await handle.commit([
        { key: "c", text: "[2]", seq: 2 },
        { key: "d", text: "[2]", seq: 2 },
      ]);
      expect(byKey(await handle.load(2))).toEqual([
        { key: "c", text: "[2]", seq: 2 },
        { key: "d", text: "[2]", seq: 2 },
      ]);
      expect(byKey(await handle.load(1)).map(({ key }) => key)).toEqual(["b", "c", "d"]);
      expect(byKey(await handle.load(0)).map(({ key, text }) => [key, text])).toEqual([
        ["a", "[0]"],
        ["b", null],
        ["c", "[2]"],
        ["d", "[2]"],
      ]);
      expect(await handle.load(3)).toEqual([]);
    });

    it("removes keys, whether they are there or not", async () => {
      const handle = await open(uniqueName());
      await handle.commit([
        { key: "a", text: "[0]", seq: 0 },
        { key: "b", text: "[0]", seq: 0 },
      ]);
      await handle.remove(["a", "none"], 0);
      await handle.remove([], 0);
      expect(byKey(await handle.load(0)).map(({ key }) => key)).toEqual(["b"]);
    });

    it("removes no row that was written after the commit up to which it is asked to", async () => {
      const handle = await open(uniqueName());
      await handle.commit([
        { key: "old", text: null, seq: 0 },
        { key: "new", text: null, seq: 0 },
        { key: "again", text: null, seq: 0 },
      ]);
      await handle.commit([{ key: "new", text: "[1]", seq: 1 }]);
      await Promise.all([
        handle.remove(["old", "new", "again"], 0),
        handle.commit([
          { key: "again", text: "12:[2]", seq: 2 },
          { key: "old2", text: null, seq: 2 },
        ]),
      ]);
      const left = byKey(await handle.load(0)).map(({ key, text }) => [key, text]);
      expect(left).toEqual([
        ["again", "12:[2]"],
        ["new", "[1]"],
        ["old2", null],
      ]);
    });

    it.each([
      "__proto__",
      "constructor",
      "with space",
      "ключ",
      "🎈",
      "quote\"'\\",
      "line\nbreak",
      "7",
      "a:b",
      "\0client:x",
      "\0",
    ])("keeps the key %j apart from others", async (key) => {
      const handle = await open(uniqueName());
      const rows = [
        { key, text: "[1]", seq: 0 },
        { key: `${key}2`, text: "[2]", seq: 0 },
      ];
      await handle.commit(rows);
      expect(byKey(await handle.load(0))).toEqual(byKey(rows));
    });

    it.each([
      ["with a colon", "12:[1]"],
      ["that is a number", "12"],
      ["of one colon", ":"],
      ["like null", "null"],
      ["with escapes", '["é🎈\\u0000\\ud800"]'],
      ["with every awkward character", "\0\u2028\"'\\</script>"],
      ["of 300 kB", "x".repeat(300_000)],
    ])("gives back a text %s", async (_, text) => {
      const handle = await open(uniqueName());
      await handle.commit([{ key: "a", text, seq: 0 }]);
      expect(byKey(await handle.load(0))).toEqual([{ key: "a", text, seq: 0 }]);
    });

    it("shares nothing between names", async () => {
      const [one, other] = [await open(uniqueName()), await open(uniqueName())];
      await one.commit([{ key: "a", text: "[1]", seq: 0 }]);
      expect(await other.load(0)).toEqual([]);
      await other.commit([{ key: "a", text: "[2]", seq: 0 }]);
      expect(byKey(await one.load(0))).toEqual([{ key: "a", text: "[1]", seq: 0 }]);
    });

    it("takes 100,000 rows in one commit, and gives and removes them", { timeout: 60_000 }, async () => {
      const handle = await open(uniqueName());
      const keys = Array.from({ length: 100_000 }, (_, n) => `k${n}`);
      await handle.commit(keys.map((key) => ({ key, text: "[1]", seq: 0 })));
      expect(await handle.load(0)).toHaveLength(100_000);
      await handle.commit(keys.map((key) => ({ key, text: null, seq: 1 })));
      expect(await handle.load(1)).toHaveLength(100_000);
      await handle.remove(keys, 1);
      expect(await handle.load(0)).toEqual([]);
    });

    it("may be closed twice", async () => {
      const handle = await open(uniqueName());
      await handle.close();
      await expect(handle.close()).resolves.toBeUndefined();
    });

    it("carries a store from life to life", async () => {
      const actor = uniqueName();
      const before = await SignalStore.open(await open(actor));
      await write(before, "c", 1, [
        { key: "a", text: "[1]" },
        { key: "b", text: "[1]" },
      ]);
      await write(before, "c", 2, [{ key: "b", text: null }]);
      const after = await SignalStore.open(await open(actor));
      expect(after.position).toEqual(before.position);
      expect(after.read(["a", "b"])).toEqual(before.read(["a", "b"]));
      expect(await write(after, "c", 2, [{ key: "b", text: "[2]" }])).toMatchObject({ seq: 2, rows: [["b", null, 2]] });
      await write(after, "c", 3, [{ clear: "" }]);
      expect(after.get("a")).toEqual({ text: null, seq: 3 });
      await Promise.all([before.close(), after.close()]);
    });
  });
}
