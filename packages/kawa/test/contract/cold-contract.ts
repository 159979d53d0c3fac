import { randomUUID } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { encodeValue } from "../../src/core/value/value.ts";
import { coldKey } from "../../src/rivetkit/storage/cold-keys.ts";
import type { ColdRows, SignalStorage, StoreHandle, StoredRow } from "../../src/rivetkit/storage/storage.ts";
import { definedKey } from "../../src/rivetkit/store/collection-keys.ts";
import { SignalStore } from "../../src/rivetkit/store/signal-store.ts";
import { itemsIn } from "../support/collection-model.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";

/** What every storage promises that keeps collections. */
export function describeColdContract(name: string, storage: () => SignalStorage): void {
  describe(`${name} keeps cold rows`, () => {
    const handles: StoreHandle[] = [];

    const open = async (actor: string): Promise<StoreHandle & { readonly cold: ColdRows }> => {
      const handle = await storage().open(actor);
      handles.push(handle);
      expect(handle.cold).toBeDefined();
      return handle as StoreHandle & { readonly cold: ColdRows };
    };
    const uniqueName = (): string => `reactiveState/${randomUUID()}`;
    const row = (key: string, seq: number, text: string | null = `[${seq}]`): StoredRow => ({
      key: coldKey(key),
      text,
      seq,
    });
    const all = { from: coldKey(""), to: coldKey("\x7f") };

    afterEach(async () => {
      await Promise.all(handles.splice(0).map((handle) => handle.close()));
    });

    it("leaves them out of what it loads, and gives them when it is asked", async () => {
      const actor = uniqueName();
      const handle = await open(actor);
      await handle.commit([{ key: "a", text: "[1]", seq: 0 }, row("r:x\x01:1", 0), row("r:x\x01:2", 0)]);
      const check = async (each: typeof handle): Promise<void> => {
        expect((await each.load(0)).map(({ key }) => key)).toEqual(["a"]);
        const found = await each.cold.get([coldKey("r:x\x01:2"), coldKey("none"), "a\0none"]);
        expect(found.map((one) => ({ ...one }))).toEqual([row("r:x\x01:2", 0)]);
      };
      await check(handle);
      await check(await open(actor));
    });

    it("gives keys of a range in order, in both directions, as many as are asked for", async () => {
      const handle = await open(uniqueName());
      const names = ["a", "a!", "a ", "aa", "b", "B", "~", '"', "\\", "a\x01"];
      await handle.commit(names.map((key) => row(key, 0)));
      const sorted = names.map(coldKey).sort();
      const range = { ...all, isDescending: false, limit: 100 };
      expect(await handle.cold.keys(range)).toEqual(sorted);
      expect(await handle.cold.keys({ ...range, isDescending: true, limit: 3 })).toEqual(
        sorted.toReversed().slice(0, 3),
      );
      const part = { from: coldKey("a"), to: coldKey("b"), isDescending: false, limit: 2 };
      expect(await handle.cold.keys(part)).toEqual(
        sorted.filter((key) => key >= part.from && key < part.to).slice(0, 2),
      );
      expect(await handle.cold.keys({ ...range, from: coldKey("b"), to: coldKey("a") })).toEqual([]);
    });

    it("gives a page of entries, maybe with rows, which are those of the first entries", async () => {
      const handle = await open(uniqueName());
      const ids = ["a", "b", "c", "d"];
      await handle.commit([
        ...ids.map((id) => row(`i:${id}:${id}`, 0, `:${id}`)),
        ...ids.map((id) => row(`r:${id}`, 0, `[${JSON.stringify(id)}]`)),
      ]);
      await handle.commit([
        { key: "hot", text: "[1]", seq: 1 },
        row("i:c:c", 1, null),
        row("r:c", 1, null),
        row("r:d", 1),
      ]);
      const range = { from: coldKey("i:"), to: coldKey("i:\x7f"), limit: 3, rowPrefix: coldKey("r"), rowCount: 2 };
      for (const [isDescending, expected] of [
        [false, ["a", "b", "d"]],
        [true, ["d", "b", "a"]],
      ] as const) {
        const { keys, rows } = await handle.cold.page({ ...range, isDescending });
        expect(keys).toEqual(expected.map((id) => coldKey(`i:${id}:${id}`)));
        const first = await handle.cold.get(expected.slice(0, 2).map((id) => coldKey(`r:${id}`)));
        const plain = first.map((one) => ({ ...one }));
        for (const each of rows) expect(plain).toContainEqual({ ...each });
      }
    });

    it("counts keys of a range, and says where it has stopped", async () => {
      const handle = await open(uniqueName());
      await handle.commit(["a", "b", "c"].map((key) => row(key, 0)));
      const counts = [2, 3, 9].map(async (limit) => ({ ...(await handle.cold.count({ ...all, limit })) }));
      expect(await Promise.all(counts)).toEqual([
        { count: 2, last: coldKey("b") },
        { count: 3, last: coldKey("c") },
        { count: 3, last: coldKey("c") },
      ]);
      expect({ ...(await handle.cold.count({ from: coldKey("d"), to: coldKey("e"), limit: 9 })) }).toEqual({
        count: 0,
        last: null,
      });
    });

    it("removes those that are committed without a text, whether they are there or not", async () => {
      const handle = await open(uniqueName());
      await handle.commit([row("a", 0), row("b", 0)]);
      await handle.commit([{ key: "hot", text: "[1]", seq: 1 }, row("a", 1, null), row("none", 1, null)]);
      expect(await handle.cold.keys({ ...all, isDescending: false, limit: 9 })).toEqual([coldKey("b")]);
      expect(await handle.cold.get([coldKey("a"), coldKey("none")])).toEqual([]);
      await handle.commit([{ key: "hot", text: "[2]", seq: 2 }, row("a", 2)]);
      expect((await handle.cold.get([coldKey("a")])).map(({ seq }) => seq)).toEqual([2]);
    });

    it("carries collections from life to life", async () => {
      const actor = uniqueName();
      const query = itemsIn(createMemoryBackend(actor)).query({ where: { group: "x" }, index: "byGroup" });
      const before = await SignalStore.open(await open(actor));
      const collection = "model:items";
      const definitions = [[], ["group", "rank"]].map((index) => ({
        key: definedKey({ collection, index }),
        text: encodeValue("defined", true),
      }));
      await before.write({ number: 0, settled: 0, writes: definitions });
      const rows = ["a", "b", "c"].map((id, rank) => ({
        key: `${collection}:${id}`,
        text: encodeValue(id, { group: "x", rank: -rank, name: id }),
      }));
      await before.write({ number: 0, settled: 0, writes: rows });
      await before.write({ number: 0, settled: 0, writes: [{ key: `${collection}:b`, text: null }] });
      const after = await SignalStore.open(await open(actor));
      expect(await after.prepare([query.key])).toEqual([]);
      const { rows: found, also } = after.read([query.key]);
      expect(found).toEqual([[query.key, encodeValue("ids", ["c", "a"]), expect.any(Number)]]);
      expect(also?.map(([key]) => key)).toEqual([`${collection}:c`, `${collection}:a`]);
      await Promise.all([before.close(), after.close()]);
    });
  });
}
