import { expect, it } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { ShardedStores } from "../../../test/support/sharded-stores.ts";
import type { Sharding } from "../sharding/shard-layout.ts";
import { shardName } from "../sharding/shard-name.ts";
import { admit } from "./admission.ts";
import type { ShardRows } from "./shard-actor.ts";

const asked: Sharding = { shards: 2, by: {} };
const names = [0, 1].map((index) => shardName({ whole: "global", index, shards: 2 }));

it("tells the shards of a new backend how it is divided, and every later server the same", async () => {
  const stores = await ShardedStores.open(2);
  const shards = (): ShardRows[] => names.map((name) => stores.rows(name));
  const servers = [1, 2, 3].map(() => admit(stores.rows("global"), asked, shards));
  await Promise.all(servers);
  expect(names.map((name) => stores.of(name).gate.state)).toEqual(["open", "open"]);
  expect(stores.sharding).toMatchObject(asked);
  const other = await caught(() => admit(stores.rows("global"), { shards: 1, by: {} }, () => []));
  expect(other).toMatchObject({ code: "SHARDS_MISMATCH" });
});

it("takes down no fence that a copy has put up before the first server told the shards: that server asks again", async () => {
  const stores = await ShardedStores.open(2);
  const fence = async (shard: ShardRows): Promise<void> => {
    await shard.setLayout({ ...asked, isFenced: true, turn: 1 }, await shard.layout());
  };
  const shards = (): ShardRows[] =>
    names.map((name) => {
      const shard = stores.rows(name);
      return {
        ...shard,
        async setLayout(...[layout, over]: Parameters<ShardRows["setLayout"]>) {
          await fence(shard);
          return shard.setLayout(layout, over);
        },
      };
    });
  expect(await caught(() => admit(stores.rows("global"), asked, shards))).toMatchObject({ code: "SHARDS_MISMATCH" });
  await admit(stores.rows("global"), asked, shards);
  for (const name of names) expect(stores.of(name).gate.state).toBe("fenced");
});
