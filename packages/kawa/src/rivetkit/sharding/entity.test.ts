import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { serverKey, streamKey } from "../../core/backend/key.ts";
import { memberOf, membersKey } from "../../core/backend/members.ts";
import { queryKey, type QuerySpec } from "../../core/collections/query-key.ts";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { checkCollection, checkGroup, checkShardBy, entityOf, entityUnder } from "./entity.ts";
import { shardHash } from "./shard-hash.ts";
import { serverShard, shardOf } from "./shard-of.ts";

const segment = fc.string({ minLength: 1, maxLength: 6 }).filter((text) => !/[:\0]/.test(text));
const key = fc.array(segment, { minLength: 1, maxLength: 5 }).map((segments) => segments.join(":"));
const group = fc.array(segment, { maxLength: 4 });
const sixteen = { shards: 16, by: {} };

describe("the entity of a key", () => {
  it.each([
    ["alone", ""],
    ["app:counter", "app"],
    ["app:theme", "app"],
    ["users:alice:position", "users:alice"],
    ["users:alice:name", "users:alice"],
    ["users:alice:prefs:theme", "users:alice"],
    ["visitors:kitchen:1", "visitors:kitchen"],
    [membersKey("visitors:kitchen"), "visitors:kitchen"],
    [membersKey("cursors"), "cursors"],
    [membersKey(""), ""],
  ])("of %j is %j", (of, entity) => {
    expect(entityOf(of)).toBe(entity);
  });

  it("has as many segments as the longest prefix says", () => {
    const by = { scores: 2, app: 1, "app:users": 3 };
    expect(
      ["scores:alice", "scores:alice:best", "app:x:y", "app:users:ada:name", "scores"].map((of) => entityOf(of, by)),
    ).toEqual(["scores:alice", "scores:alice", "app", "app:users:ada", ""]);
  });

  it("is one for the members of a group, its list, and all that is deeper in it", () => {
    fc.assert(
      fc.property(group, segment, segment, segment, (segments, id, other, deeper) => {
        const keys = [id, other].map((last) => [...segments, last].join(":"));
        const entities = new Set([...keys, membersKey(segments.join(":"))].map((of) => entityOf(of)));
        expect(entities.size).toBe(1);
        if (segments.length >= 2) entities.add(entityOf([...segments, id, deeper].join(":")));
        expect(entities.size).toBe(1);
      }),
    );
  });

  it("is one for all keys under a prefix of which it is said", () => {
    fc.assert(
      fc.property(key, key, fc.dictionary(key, fc.integer({ min: 1, max: 4 }), { maxKeys: 3 }), (start, end, by) => {
        const entity = entityUnder(`${start}:`, by);
        expect(entity ?? entityOf(`${start}:${end}`, by)).toBe(entityOf(`${start}:${end}`, by));
      }),
    );
    expect(["users:alice:", "users:", "users:ali", "", serverKey("")].map((prefix) => entityUnder(prefix))).toEqual([
      "users:alice",
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("refuses an ephemeral key whose list could not be where its members are", async () => {
    expect(await codeOf(async () => checkGroup("cursors:1", { cursors: 2 }))).toBe("OPTION_INVALID");
    expect(() => checkGroup("cursors:1", {})).not.toThrow();
    expect(() => checkGroup("visitors:kitchen:1", { visitors: 2 })).not.toThrow();
    fc.assert(fc.property(key, (of) => checkGroup(of, {})));
  });

  it.each([{ "": 1 }, { "a:": 1 }, { a: 0 }, { a: 1.5 }, { a: 17 }, { "\0a": 1 }])("refuses shardBy %j", async (by) => {
    expect(await codeOf(async () => checkShardBy(by))).toBe("OPTION_INVALID");
  });
});

describe("a collection", () => {
  const spec = {
    kind: "rows",
    index: ["list:a", "b"],
    from: ":x",
    to: "s:y\x7f",
    isDescending: false,
    limit: 9,
  } as const;
  const queryOf = (collection: string): string => queryKey({ ...spec, collection } satisfies QuerySpec);
  const rowId = fc.stringMatching(/^[a-z0-9-]{1,8}$/);

  it("is on one shard with all its rows and queries, or refused", () => {
    fc.assert(
      fc.property(
        key,
        fc.uniqueArray(rowId, { minLength: 2 }),
        fc.dictionary(key, fc.integer({ min: 1, max: 6 })),
        (prefix, ids, by) => {
          const entities = new Set(
            [queryOf(prefix), ...ids.map((id) => `${prefix}:${id}`)].map((of) => entityOf(of, by)),
          );
          let isRefused = false;
          try {
            checkCollection(prefix, by);
          } catch {
            isRefused = true;
          }
          expect(entities.size === 1).toBe(!isRefused);
        },
      ),
    );
  });

  it.each([
    ["todos", {}],
    ["app:todos", {}],
    ["app:todos", { app: 1 }],
    ["acme:todos", { app: 4 }],
    ["app:shops:acme:todos", { "app:shops": 3 }],
  ])("%j is taken with shardBy %j", (prefix, by: Record<string, number>) => {
    expect(() => checkCollection(prefix, by)).not.toThrow();
  });

  it.each([
    ["app:todos", { app: 3 }],
    ["app:todos", { "app:todos": 3 }],
    ["todos", { todos: 2 }],
  ])("%j is refused with shardBy %j, and told what to write", async (prefix, by: Record<string, number>) => {
    const error = await caught(async () => checkCollection(prefix, by));
    const write = { [prefix]: prefix.split(":").length };
    expect(error).toMatchObject({ code: "COLLECTIONS_UNSUPPORTED", data: { shardBy: write } });
    expect(error).toHaveProperty("message", expect.stringContaining(`shardBy: { "${prefix}": ${write[prefix]} }`));
    expect(() => checkCollection(prefix, { ...by, ...write })).not.toThrow();
  });

  it("of each tenant has a shard of its own", () => {
    const of = (prefix: string) =>
      new Set(Array.from({ length: 200 }, (_, n) => shardOf(queryOf(prefix.replace("*", `t${n}`)), sixteen)));
    expect(of("*:todos").size).toBe(16);
    expect(of("tenants:*:todos").size).toBe(16);
    expect(shardOf(queryOf("tenants:acme:todos"), sixteen)).toBe(shardOf("tenants:acme:orders:1", sixteen));
  });
});

describe("the shard of a key", () => {
  // What is stored is found by these: they never change.
  it.each([
    ["", 2_872_998_923],
    ["app", 2_746_532_868],
    ["users:alice", 2_583_179_853],
    ["visitors:kitchen", 3_650_264_080],
    ["ключ:🎈", 311_241_525],
  ])("is made of a hash that never changes: %j", (text, hash) => {
    expect(shardHash(text)).toBe(hash);
  });

  it("spreads entities evenly", () => {
    const counts = Array.from({ length: 16 }, () => 0);
    for (let n = 0; n < 16_000; n += 1) counts[shardOf(`users:${n}:name`, sixteen)]! += 1;
    // 1,000 on average, with a standard deviation of 31.
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
    const streams = new Set(Array.from({ length: 200 }, (_, n) => shardOf(streamKey(`page.tsx#${n}`), sixteen)));
    expect(streams.size).toBe(16);
  });

  it("is the first one for what servers keep, and for everything where there is one", () => {
    fc.assert(
      fc.property(key, (of) => {
        expect(shardOf(serverKey(of), sixteen)).toBe(serverShard);
        expect(shardOf(of, { shards: 1, by: {} })).toBe(0);
        expect(shardOf(membersKey(memberOf(of).group), sixteen)).toBe(shardOf(of, sixteen));
      }),
    );
  });
});
