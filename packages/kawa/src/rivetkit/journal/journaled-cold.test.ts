import fc from "fast-check";
import { expect, it } from "vitest";
import { migrateSignalStore, sqliteHandle } from "../storage/sqlite-storage.ts";
import { TestDatabase } from "../../../test/support/sqlite.ts";
import { coldKey } from "../storage/cold-keys.ts";
import type { StoredRow } from "../storage/storage.ts";
import { journaledCold } from "./journaled-cold.ts";

const names = "abcdefgh".split("");
const change = fc.record({ name: fc.constantFrom(...names), isThere: fc.boolean() });
const changes = fc.array(change, { maxLength: 12 });
const range = fc.record({
  from: fc.constantFrom(...names),
  to: fc.constantFrom(...names, "i"),
  isDescending: fc.boolean(),
  limit: fc.integer({ min: 1, max: 9 }),
});

it("finds cold rows as if all commits were stored, whichever are", async () => {
  await fc.assert(
    fc.asyncProperty(changes, changes, range, async (stored, waiting, { from, to, isDescending, limit }) => {
      const db = new TestDatabase();
      await migrateSignalStore(db);
      const handle = sqliteHandle(db);
      const pending = new Map<string, StoredRow>();
      const model = new Map<string, number>();
      for (const [seq, { name, isThere }] of [...stored, ...waiting].entries()) {
        const row: StoredRow = { key: coldKey(name), text: isThere ? String(seq) : null, seq };
        if (seq < stored.length) await handle.commit([row]);
        else pending.set(row.key, row);
        if (isThere) model.set(name, seq);
        else model.delete(name);
      }
      const cold = journaledCold(handle.cold!, { cold: pending });
      const sorted = [...model.keys()].filter((name) => name >= from && name < to).sort();
      const bounds = { from: coldKey(from), to: coldKey(to) };
      const found = isDescending ? sorted.toReversed() : sorted;
      expect(await cold.keys({ ...bounds, isDescending, limit })).toEqual(found.slice(0, limit).map(coldKey));
      const page = await cold.page({ ...bounds, isDescending, limit, rowPrefix: coldKey(""), rowCount: limit });
      expect(page.keys).toEqual(found.slice(0, limit).map(coldKey));
      const last = sorted.slice(0, limit).at(-1);
      expect({ ...(await cold.count({ ...bounds, limit })) }).toEqual({
        count: Math.min(sorted.length, limit),
        last: last === undefined ? null : coldKey(last),
      });
      const rows = await cold.get(names.map(coldKey));
      expect(new Map(rows.map(({ key, seq }) => [key, seq]))).toEqual(
        new Map([...model].map(([name, seq]) => [coldKey(name), seq])),
      );
    }),
  );
});
