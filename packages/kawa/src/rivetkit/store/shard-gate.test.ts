import { expect, it } from "vitest";
import { openTestStore } from "../../../test/support/sqlite.ts";
import { write } from "../../../test/support/store.ts";
import { definedKey, definedText } from "./collection-keys.ts";

it("a shard keeps a collection whole: rows, queries and counts", async () => {
  const store = await openTestStore(undefined, { shards: 2 });
  await write(store, "c", 1, [{ key: definedKey({ collection: "app:todos", index: ["list"] }), text: definedText }]);
  await write(store, "c", 2, [{ key: "app:todos:a", text: '[{"list":1},"home"]' }]);
  expect((await store.collectionPage({ collection: "app:todos", after: "", withValues: true })).rows).toEqual([
    ["app:todos:a", '[{"list":1},"home"]', 2],
  ]);
});
