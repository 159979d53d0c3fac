import { describe, expect, it } from "vitest";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { deltasOf } from "../../../test/support/store.ts";
import { membersKey } from "../../core/backend/members.ts";
import { Replica } from "../replica/replica.ts";
import type { Write } from "../wire/protocol.ts";
import type { SignalStore } from "./signal-store.ts";

const list = membersKey("room");
const memberOf = (id: string): Write => ({ key: `room:${id}`, text: '["here"]', ttlMs: 60_000 });

function commit(store: SignalStore, ...writes: readonly Write[]): Promise<unknown> {
  return store.write({ number: 0, settled: 0, writes });
}

async function withMembers(count: number): Promise<{ readonly db: TestDatabase; readonly store: SignalStore }> {
  const db = new TestDatabase();
  const store = await openTestStore(db);
  await commit(store, ...Array.from({ length: count }, (_, n) => memberOf(String(n).padStart(36, "x"))));
  return { db, store };
}

describe("a member that comes to thousands", () => {
  it("is stored and told with as many characters as one that comes to ten", async () => {
    const sizes: (readonly [stored: number, told: number])[] = [];
    for (const count of [10, 5_000]) {
      const { db, store } = await withMembers(count);
      let stored = 0;
      const execute = db.execute.bind(db);
      db.execute = async (sql, ...args) => {
        stored += args.reduce<number>((sum, arg) => sum + String(arg).length, 0);
        return execute(sql, ...args);
      };
      const deltas = deltasOf(store);
      await commit(store, memberOf("new"));
      await commit(store, { key: "room:new", text: null });
      sizes.push([stored, JSON.stringify(deltas).length]);
    }
    const [[storedOfTen, toldOfTen], [storedOfThousands, toldOfThousands]] = sizes as [
      [number, number],
      [number, number],
    ];
    expect(storedOfThousands - storedOfTen).toBeLessThan(20);
    expect(toldOfThousands - toldOfTen).toBeLessThan(20);
  });

  it("is in the list of a server that knows it, in the version of its value", async () => {
    const { store } = await withMembers(5_000);
    const replica = new Replica();
    replica.restart(store.read([list, "room:new"]).rows, store.position);
    const seen: (readonly [ids: number, value: unknown])[] = [];
    store.listen(
      (delta) => replica.applyDelta(delta),
      () => {},
    );
    replica.onChange(() => {
      const [ids, value] = [list, "room:new"].map((key) => replica.cell(key).peek());
      seen.push([(ids as { value: { ids: string[] } }).value.ids.length, value!.state]);
    });
    await commit(store, memberOf("new"));
    await commit(store, { key: "room:new", text: null });
    expect(seen).toEqual([
      [5_001, "present"],
      [5_000, "absent"],
    ]);
  });
});

describe("a stored list of an earlier version", () => {
  const rows = [
    { key: "room:b", text: "[1]" },
    { key: "room:a", text: "[2]" },
    { key: "room:stays", text: "[3]" },
    { key: list, text: '[{"ttlMs":1,"ids":2},9000,[3,4,5],"b","a","gone"]' },
  ];

  async function upgraded(): Promise<{ readonly db: TestDatabase; readonly store: SignalStore }> {
    const db = new TestDatabase();
    const before = await openTestStore(db);
    await commit(before, ...rows.slice(0, 3));
    await before.close();
    db.sqlite.prepare("INSERT INTO signals (key, value, seq) VALUES (?, ?, 1)").run(rows[3]!.key, rows[3]!.text);
    return { db, store: await openTestStore(db) };
  }

  it("says who is ephemeral, in which order and for how long, and is kept no longer", async () => {
    const { db, store } = await upgraded();
    for (const each of [store, await openTestStore(db)]) {
      expect(each.members("room").value.ids).toEqual(["b", "a"]);
      expect([...each.ephemeral.entries()]).toEqual([
        ["room:b", 9_000],
        ["room:a", 9_000],
      ]);
      expect(each.get("room:stays").text).toBe("[3]");
    }
    expect(db.sqlite.prepare("SELECT value FROM signals WHERE key = ?").get(list)).toEqual({ value: null });
  });

  it("is told to servers that were away", async () => {
    const { store } = await upgraded();
    expect(
      store
        .since(store.position.epoch, 1)
        .rows!.map(([key]) => key)
        .sort(),
    ).toEqual([list, "room:a", "room:b"].sort());
  });
});

describe("groups that have become empty", () => {
  it("are forgotten when there are very many, and servers that were away read theirs anew", async () => {
    const store = await openTestStore();
    await commit(store, memberOf("a"));
    const { epoch, seq } = store.position;
    await commit(store, { key: "room:a", text: null });
    const names = Array.from({ length: 1_100 }, (_, n) => `of${n}:a`);
    await commit(store, ...names.map((key): Write => ({ key, text: "[1]", ttlMs: 60_000 })));
    const later = store.position.seq;
    await commit(store, ...names.map((key): Write => ({ key, text: null })));
    expect(store.since(epoch, seq).rows).toBeNull();
    expect(store.since(epoch, later).rows).toBeNull();
    expect(store.since(epoch, store.position.seq).rows).toEqual([]);
    const [, text, ownSeq] = store.read([list]).rows[0]!;
    expect([text, ownSeq >= seq + 1]).toEqual([null, true]);
  });
});
