import { expect, it } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { createMemoryShards } from "../../../test/support/memory-shards.ts";
import { namespace } from "../namespace.ts";
import { transaction } from "../transaction.ts";

const { backend } = createMemoryShards("spread/all", 4);
const users = namespace("users", { backend });
const nameOf = (id: string) => users.signal(`${id}:name`, "");
const ids = Array.from({ length: 20 }, (_, n) => `user${n}`);
/** A user of another shard than the first one. */
const far = ids.find((id) => backend.shardOf!(nameOf(id).key) !== backend.shardOf!(nameOf("user0").key))!;

it("a transaction over two shards says which key is where, and what to do", async () => {
  const error = await caught(() =>
    transaction((tx) => {
      tx.set(nameOf("user0"), "Ada");
      tx.set(nameOf(far), "Bob");
    }),
  );
  const [home, other] = [nameOf("user0"), nameOf(far)].map(({ key }) => [key, backend.shardOf!(key).id] as const);
  expect(error).toMatchObject({
    code: "TRANSACTION_INVALID",
    message: expect.stringContaining(
      `A transaction is of one shard: "${home![0]}" lives in "${home![1]}", and "${other![0]}" lives in "${other![1]}". Give keys that change`,
    ),
    data: { keys: [home![0], other![0]] },
  });
  expect(await nameOf("user0").get()).toBe("");
});

it("over keys of one shard it works", async () => {
  const age = users.signal("user0:age", 0);
  await transaction((tx) => {
    tx.set(nameOf("user0"), "Ada");
    tx.increment(age, 36);
  });
  expect([await nameOf("user0").get(), await age.get()]).toEqual(["Ada", 36]);
});
