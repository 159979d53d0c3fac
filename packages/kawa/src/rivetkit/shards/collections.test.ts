import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { describeCollections } from "../../../test/contract/collections.ts";
import { codeOf } from "../../../test/support/caught.ts";
import { fakeClient } from "../../../test/support/fake-actor.ts";
import { FakeShards } from "../../../test/support/fake-shards.ts";
import type { Backend } from "../../core/backend/backend.ts";
import { collection, type Collection } from "../../core/collection.ts";
import { namespace } from "../../core/namespace.ts";
import { transaction } from "../../core/transaction.ts";
import { shareSecret } from "../secret/shared-secret.ts";

type Todo = { readonly list: string; readonly rank: number };

let actors: FakeShards;

vi.mock("rivetkit/client", () => fakeClient((key) => actors.of(key)));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(async () => {
  shareSecret("a secret of the test");
  actors = await FakeShards.start(4);
});

const waitFor = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 1 });

function server(by: Readonly<Record<string, number>> = {}): Backend {
  const backend = actors.backend(by);
  onTestFinished(() => backend.close());
  return backend;
}

function todosOf(backend: Backend, tenant: string): Collection<Todo> {
  return collection<Todo>(namespace(tenant, { backend }), "todos", { indexes: { byList: ["list", "rank"] } });
}

describeCollections("A backend of 4 shards", () => actors.backend());

describe("collections of tenants", () => {
  it("are on several shards, and each is whole and live in another server", async () => {
    const [one, other] = [server(), server()];
    const tenants = Array.from({ length: 12 }, (_, n) => `tenant${n}`);
    const shown = tenants.map((tenant) => todosOf(other, tenant).query({ where: { list: "home" }, order: "desc" }));
    const stops = shown.map((query) => query.subscribe(() => {}));
    await Promise.all(
      tenants.flatMap((tenant, n) =>
        Array.from({ length: 3 }, (_, rank) => todosOf(one, tenant).insert({ list: "home", rank: rank + n })),
      ),
    );
    await waitFor(() =>
      expect(shown.map(({ value }) => value.map((row) => row.value.rank))).toEqual(
        tenants.map((_, n) => [n + 2, n + 1, n]),
      ),
    );
    expect(new Set(tenants.map((tenant) => one.shardOf!(`${tenant}:todos:x`).id)).size).toBe(4);
    for (const stop of stops) stop();
    const counts = await Promise.all(
      actors.all.map(({ store }) => store.list({ prefix: "", after: "", withValues: false })),
    );
    expect(counts.map(({ rows }) => rows.length)).toEqual([0, 0, 0, 0]);
  });

  it("are read by one reader, and lists and clears leave their rows out", async () => {
    const backend = server();
    const [a, b] = ["acme", "beta"].map((tenant) => todosOf(backend, tenant)) as [Collection<Todo>, Collection<Todo>];
    await Promise.all([
      a.insert({ list: "home", rank: 1 }, { id: "x" }),
      b.insert({ list: "home", rank: 2 }, { id: "y" }),
    ]);
    const keys = [a.query().key, b.count().key, "acme:todos:x", "beta:todos:y"];
    const reader = await backend.readerFor();
    await reader.load(keys);
    expect(keys.map((key) => valueIn(reader.entry(key).peek()))).toEqual([
      ["x"],
      1,
      { list: "home", rank: 1 },
      { list: "home", rank: 2 },
    ]);
    const snapshot = await backend.snapshotFor();
    await b.insert({ list: "home", rank: 3 }, { id: "z" });
    await snapshot.load(keys);
    expect(valueIn(snapshot.peek(keys[1]!))).toBe(1);
    snapshot.release();
    expect(await backend.keys("")).toEqual([]);
    await backend.clear("");
    expect(await b.count().get()).toBe(2);
  });

  it("take part in transactions of their tenant, and not of two", async () => {
    const backend = server();
    const todos = todosOf(backend, "tenants:acme");
    const open = namespace("tenants:acme", { backend }).signal("open", 0);
    await transaction(async (tx) => {
      tx.set(todos("x"), { list: "home", rank: 1 });
      tx.increment(open);
    });
    expect([(await todos.query().get()).length, await open.get()]).toEqual([1, 1]);
    const others = Array.from({ length: 12 }, (_, n) => todosOf(backend, `tenants:t${n}`));
    const other = others.find(({ prefix }) => backend.shardOf!(`${prefix}:x`) !== backend.shardOf!(open.key))!;
    const both = transaction(async (tx) => {
      tx.increment(open);
      tx.set(other("x"), { list: "home", rank: 1 });
    });
    expect(await codeOf(() => both)).toBe("TRANSACTION_INVALID");
    expect([await other.get("x"), await open.get()]).toEqual([undefined, 1]);
  });
});

describe("a collection that shardBy divides", () => {
  it("is refused, in reads and writes, and nothing of it is stored", async () => {
    const todos = todosOf(server({ acme: 3 }), "acme");
    for (const use of [
      () => todos.insert({ list: "home", rank: 1 }),
      () => todos.query().get(),
      () => todos.count().get(),
      () => todos.get("x"),
      () => transaction((tx) => tx.set(todos("x"), { list: "home", rank: 1 })),
    ])
      expect(await codeOf(use)).toBe("COLLECTIONS_UNSUPPORTED");
    expect(actors.all.map(({ store }) => store.rowCount)).toEqual([0, 0, 0, 0]);
  });
});

function valueIn(entry: { readonly state: string }): unknown {
  return "value" in entry ? entry.value : entry.state;
}
