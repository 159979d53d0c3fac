import { describe, expect, it } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { openTestStore } from "../../../test/support/sqlite.ts";
import { write } from "../../../test/support/store.ts";
import { definedKey } from "./collection-keys.ts";

const definition = { key: definedKey({ collection: "app:todos", index: ["list"] }), text: "[true]" };
const row = { key: "app:todos:a", text: '[{"list":1},"home"]' };

describe("a new collection, beside a write of one of its keys", () => {
  it("that comes first is refused: there is a signal now", async () => {
    const store = await openTestStore();
    const written = write(store, "c", 1, [row]);
    expect(await codeOf(() => write(store, "d", 1, [definition]))).toBe("OPTION_INVALID");
    await written;
    expect(store.get(row.key).text).toBe(row.text);
  });

  it("that comes later has that row", async () => {
    const store = await openTestStore();
    await Promise.all([write(store, "d", 1, [definition]), write(store, "c", 1, [row])]);
    expect(store.get(row.key).text).toBe(row.text);
    expect(store.list({ prefix: "", after: "", withValues: false }).rows).toEqual([]);
  });
});
