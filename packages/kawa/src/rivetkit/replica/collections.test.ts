import { UserError } from "rivetkit";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { TestDatabase } from "../../../test/support/sqlite.ts";
import { maxOpenQueries } from "../../core/collections/open-windows.ts";
import { collection, type Collection } from "../../core/collection.ts";
import { namespace } from "../../core/namespace.ts";
import type { Signal } from "../../core/signal.ts";
import { transaction } from "../../core/transaction.ts";
import { shareSecret } from "../secret/shared-secret.ts";
import type { ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { RivetBackend } from "./rivet-backend.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

type Todo = { readonly list: string; readonly rank: number; readonly owner?: string };
let count = 0;
let name = "";

beforeEach(async () => {
  shareSecret("a secret of the test");
  // What a process has defined, it has defined for all backends.
  name = `todos${(count += 1)}`;
  actor = new FakeActor();
  await actor.start();
});

type Server = { readonly backend: RivetBackend; readonly todos: Collection<Todo> };

function server(indexes: Readonly<Record<string, readonly (keyof Todo)[]>> = { byList: ["list", "rank"] }): Server {
  const backend = new RivetBackend({ actorName: "reactiveState", actorId: "global" });
  onTestFinished(() => backend.close());
  return collectionOf(backend, indexes);
}

function collectionOf(backend: RivetBackend, indexes: Readonly<Record<string, readonly (keyof Todo)[]>>): Server {
  return { backend, todos: collection<Todo>(namespace("app", { backend }), name, { indexes }) };
}

async function fill(todos: Collection<Todo>, length: number): Promise<void> {
  const all = Array.from({ length }, (_, rank) => rank);
  await Promise.all(
    all.map((rank) => todos.insert({ list: "home", rank }, { id: `r${String(rank).padStart(5, "0")}` })),
  );
}

const waitFor = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe("two servers that show a query", () => {
  it("see the same rows after each write, in order", async () => {
    const [one, two] = [server(), server()];
    await fill(one.todos, 5);
    const page = two.todos.query({ where: { list: "home" }, order: "desc", limit: 3 });
    const seen: string[][] = [];
    onTestFinished(page.subscribe((rows) => void seen.push(rows.map(({ id }) => id))));
    await waitFor(() => expect(seen.at(-1)).toEqual(["r00004", "r00003", "r00002"]));
    await one.todos.update("r00000", (row) => ({ ...row, rank: 9 }));
    await waitFor(() => expect(seen.at(-1)).toEqual(["r00000", "r00004", "r00003"]));
    await one.todos.delete("r00004");
    await waitFor(() => expect(seen.at(-1)).toEqual(["r00000", "r00003", "r00002"]));
  });

  it("get the rows of a query with its list, in one answer, and those that enter it with the change", async () => {
    const [one, two] = [server(), server()];
    await fill(one.todos, 5);
    const page = two.todos.query({ where: { list: "home" }, limit: 3 });
    await two.backend.load([page.key]);
    const shown = (): unknown[] => page.value.map(({ value }) => value.rank);
    expect(shown()).toEqual([0, 1, 2]);
    await one.todos.delete("r00000");
    await waitFor(() => expect(shown()).toEqual([1, 2, 3]));
    expect(two.backend.entry(two.todos("r00004").key).peek().state).toBe("unknown");
  });

  it("see a row that enters by its own change as it is then", async () => {
    const [one, two] = [server(), server()];
    await fill(one.todos, 2);
    await one.todos.insert({ list: "work", rank: 0 }, { id: "moved" });
    const page = two.todos.query({ where: { list: "home" } });
    await page.get();
    await one.todos.upsert("moved", { list: "home", rank: 5 });
    await waitFor(() => expect(page.value.at(-1)).toEqual({ id: "moved", value: { list: "home", rank: 5 } }));
  });

  it("go on with the next incarnation of the actor", async () => {
    const [one, two] = [server(), server()];
    await fill(one.todos, 3);
    const page = two.todos.query({ where: { list: "home" }, limit: 2 });
    const total = two.todos.count();
    const seen: unknown[] = [];
    onTestFinished(page.subscribe((rows) => void seen.push(rows.map(({ id }) => id))));
    onTestFinished(total.subscribe((value) => void seen.push(value)));
    await waitFor(() => expect(seen).toEqual(expect.arrayContaining([["r00000", "r00001"], 3])));
    await actor.restart();
    await one.todos.delete("r00000");
    await waitFor(() => expect(seen).toEqual(expect.arrayContaining([["r00001", "r00002"], 2])));
    await one.todos.insert({ list: "home", rank: -1 }, { id: "first" });
    await waitFor(() => expect(seen.slice(-2)).toEqual(expect.arrayContaining([["first", "r00001"], 3])));
  });

  it("read a query again of a store that was made anew", async () => {
    const [one, two] = [server(), server()];
    await fill(one.todos, 2);
    const page = two.todos.query({ where: { list: "home" } });
    const seen: string[][] = [];
    onTestFinished(page.subscribe((rows) => void seen.push(rows.map(({ id }) => id))));
    await waitFor(() => expect(seen.at(-1)).toHaveLength(2));
    actor.db = new TestDatabase();
    await actor.restart();
    await waitFor(() => expect(one.backend.version.epoch).toBe(actor.store.position.epoch));
    await one.todos.insert({ list: "home", rank: 7 }, { id: "new" });
    await waitFor(() => expect(seen.at(-1)).toEqual(["new"]));
  });

  it("read a query again that the actor has closed, because very many others were read", async () => {
    const [one, two] = [server(), server()];
    await fill(one.todos, 2);
    const page = two.todos.query({ where: { list: "home" } });
    const seen: string[][] = [];
    onTestFinished(page.subscribe((rows) => void seen.push(rows.map(({ id }) => id))));
    await waitFor(() => expect(seen.at(-1)).toHaveLength(2));
    const others = Array.from({ length: maxOpenQueries + 1 }, (_, at) => one.todos.query({ where: { list: `${at}` } }));
    for (let at = 0; at < others.length; at += 1_000)
      await one.backend.load(others.slice(at, at + 1_000).map(({ key }) => key));
    await one.todos.insert({ list: "home", rank: 7 }, { id: "new" });
    await waitFor(() => expect(seen.at(-1)).toEqual(["r00000", "r00001", "new"]));
  });
});

describe("a new index of a collection that has rows", () => {
  it("is built beside writes, and is then right", async () => {
    const one = server();
    await fill(one.todos, 2_500);
    const two = server({ byList: ["list", "rank"], byRank: ["rank"] });
    const writes = Array.from({ length: 50 }, (_, at) => one.todos.delete(`r${String(at * 50).padStart(5, "0")}`));
    const newest = two.todos.query({ index: "byRank", order: "desc", limit: 2 });
    await waitFor(async () => void expect(await newest.get()).toHaveLength(2));
    await Promise.all(writes);
    expect(await two.todos.count({ where: { rank: { gte: 0 } } }).get()).toBe(2_450);
    expect((await newest.get()).map(({ value }) => value.rank)).toEqual([2_499, 2_498]);
    await actor.restart();
    expect(await two.todos.count({ where: { rank: { gte: 0 } } }).get()).toBe(2_450);
  });
});

describe("a collection whose keys signals have", () => {
  it("is refused, and says so", async () => {
    const { backend } = server();
    await backend.set(`app:${name}x:old`, 1);
    const todos = collection<Todo>(namespace("app", { backend }), `${name}x`);
    expect(await codeOf(() => todos.query().get())).toBe("OPTION_INVALID");
    expect(await codeOf(() => todos.insert({ list: "home", rank: 0 }))).toBe("OPTION_INVALID");
  });
});

describe("a storage that is emptied under its servers", () => {
  /** What was sent, or waits, is sent to the next incarnation of the actor. */
  async function emptied(todos: Collection<Todo>, write: () => Promise<unknown>): Promise<void> {
    await todos.insert({ list: "home", rank: 1 }, { id: "before" });
    actor.refusal = new Error("not now");
    actor.dropConnections();
    const writing = write();
    actor.db = new TestDatabase();
    await actor.restart();
    actor.refusal = undefined;
    await writing;
  }

  const writes: Readonly<Record<string, (todos: Collection<Todo>) => Promise<unknown>>> = {
    "an insert": (todos) => todos.insert({ list: "home", rank: 2 }, { id: "after" }),
    "a transaction": (todos) => transaction((tx) => tx.set(todos("after"), { list: "home", rank: 2 })),
  };
  const hooks: Readonly<Record<string, ReactiveStateActorHooks>> = {
    "": {},
    ", behind hooks": { setSignal: (_, params, next) => next(params) },
  };

  it.each(Object.keys(writes).flatMap((what) => Object.keys(hooks).map((behind) => [what, behind] as const)))(
    "has its collections again before %s%s is sent there: its row would be a signal",
    async (what, behind) => {
      actor.hooks = hooks[behind]!;
      const { todos } = server();
      await emptied(todos, () => writes[what]!(todos));
      expect((await todos.query().get()).map(({ id }) => id)).toEqual(["after"]);
      expect(await todos.count().get()).toBe(1);
    },
  );
});

describe("an actor of an earlier version", () => {
  it("is given no rows: it would keep them as signals", async () => {
    const { todos, backend } = server();
    const answer = actor.service.answer.bind(actor.service);
    vi.spyOn(actor.service, "answer").mockImplementation(async (request) =>
      request.type === "read" && request.body.keys[0]!.startsWith("\0query:")
        ? { ...actor.store.position, rows: request.body.keys.map((key) => [key, null, 0] as const) }
        : answer(request),
    );
    expect(await codeOf(() => todos.insert({ list: "home", rank: 0 }))).toBe("COLLECTIONS_UNSUPPORTED");
    expect(await codeOf(() => todos.query().get())).toBe("COLLECTIONS_UNSUPPORTED");
    expect(await backend.keys("")).toEqual([]);
  });
});

describe("where hooks decide about reads", () => {
  const ownOnly: ReactiveStateActorHooks = {
    getSignal: async (_, params, next) => {
      const value = (await next(params)) as Todo | undefined;
      const { userId } = params as { userId?: string };
      if (value?.owner !== undefined && value.owner !== userId) throw new UserError("Not yours.");
      return value;
    },
  };

  it("a query shows each identity its own rows, as many as it asks for", async () => {
    actor.hooks = ownOnly;
    const { todos } = server();
    const owners = Array.from({ length: 60 }, (_, at) => (at % 6 === 5 ? "ada" : "bob"));
    await Promise.all(
      owners.map((owner, rank) =>
        todos.insert({ list: "home", rank, owner }, { id: `r${String(rank).padStart(2, "0")}` }),
      ),
    );
    const page = todos.query({ where: { list: "home" }, limit: 5 });
    const idsAs = async (userId: string): Promise<string[]> =>
      (await page.get({ context: { userId } })).map(({ id }) => id);
    expect(await idsAs("ada")).toEqual(["r05", "r11", "r17", "r23", "r29"]);
    expect(await idsAs("bob")).toEqual(["r00", "r01", "r02", "r03", "r04"]);
    expect(await idsAs("eve")).toEqual([]);
  });

  it("a query that finds many hidden rows looks at them in a few steps", async () => {
    actor.hooks = ownOnly;
    const { todos } = server();
    await Promise.all(
      Array.from({ length: 300 }, (_, rank) =>
        todos.insert({ list: "home", rank, owner: rank === 299 ? "ada" : "bob" }),
      ),
    );
    const look = vi.spyOn(actor.store.queries, "look");
    const found = await todos.first({ where: { list: "home" } }).get({ context: { userId: "ada" } });
    expect(found?.value.rank).toBe(299);
    expect(look.mock.calls.length).toBeLessThan(12);
  });

  it("a change beyond the rows that a query would show is told, where somebody sees rows there", async () => {
    actor.hooks = ownOnly;
    const { todos, backend } = server();
    for (let rank = 0; rank < 9; rank += 1)
      await todos.insert({ list: "home", rank, owner: rank === 8 ? "ada" : "bob" }, { id: `r${rank}` });
    const page = todos.query({ where: { list: "home" }, limit: 2 });
    expect((await page.get({ context: { userId: "ada" } })).map(({ id }) => id)).toEqual(["r8"]);
    const told: string[] = [];
    onTestFinished(backend.onChange(({ keys }) => void told.push(...keys)));
    await todos.delete("r8", { context: { userId: "ada" } });
    await waitFor(() => expect(told).toContain(page.key));
    expect(await page.get({ context: { userId: "ada" } })).toEqual([]);
  });

  it("a row that stays where it is and is shown from now on is told, where somebody has looked at it", async () => {
    actor.hooks = ownOnly;
    const { todos, backend } = server();
    for (const id of ["r0", "r1", "r2", "r3"])
      await todos.insert({ list: "home", rank: Number(id[1]), owner: id === "r1" ? "ada" : "bob" }, { id });
    const page = todos.query({ where: { list: "home" }, limit: 1 });
    const shown = async (): Promise<string[]> => (await page.get({ context: { userId: "ada" } })).map(({ id }) => id);
    expect(await shown()).toEqual(["r1"]);
    const told: string[] = [];
    onTestFinished(backend.onChange(({ keys }) => void told.push(...keys)));
    const give = (id: string): Promise<unknown> =>
      todos.update(id, (row) => ({ ...row, owner: "ada" }), { context: { userId: "bob" } });
    // Each look is at twice as many rows as the one before, so at the first three.
    await give("r3");
    await waitFor(() => expect(told).toContain(todos("r3").key));
    expect(told).not.toContain(page.key);
    await give("r0");
    await waitFor(() => expect(told).toContain(page.key));
    expect(await shown()).toEqual(["r0"]);
  });

  it("changes of a row that is not in memory are asked for with what is stored", async () => {
    actor.hooks = { setSignal: (_, params, next) => next(params) };
    const { todos } = server();
    await fill(todos, 2);
    const row = (id: string) => todos(id) as Signal<Todo>;
    await actor.restart();
    await row("r00000").merge({ rank: 7 });
    await transaction((tx) => tx.merge(row("r00001"), { rank: 8 }));
    expect(await todos.get("r00000")).toEqual({ list: "home", rank: 7 });
    expect(await todos.get("r00001")).toEqual({ list: "home", rank: 8 });
  });

  it("rows are not counted: that would tell of those that hooks hide", async () => {
    actor.hooks = ownOnly;
    const { todos } = server();
    expect(await codeOf(() => todos.count().get())).toBe("ACTION_REFUSED");
  });
});

describe("the memory of an actor", () => {
  it("does not hold the rows that nobody reads", async () => {
    const { todos } = server();
    await fill(todos, 300);
    await actor.restart();
    expect(actor.store.rowCount).toBeLessThan(10);
    expect(await todos.get("r00042")).toEqual({ list: "home", rank: 42 });
  });
});

describe("an index that is defined while the actor is told of its collection", () => {
  it("is told before its first query", async () => {
    const one = server();
    const first = one.todos.query({ where: { list: "home" } }).get();
    const answer = actor.service.answer.bind(actor.service);
    const probed = Promise.withResolvers<void>();
    const told = Promise.withResolvers<void>();
    vi.spyOn(actor.service, "answer").mockImplementation(async (request) => {
      if (request.type !== "write") return answer(request);
      probed.resolve();
      await told.promise;
      return answer(request);
    });
    await probed.promise;
    const { todos } = collectionOf(one.backend, { byRank: ["rank"] });
    const second = todos.query({ index: "byRank" }).get();
    told.resolve();
    expect(await Promise.all([first, second])).toEqual([[], []]);
  });
});

describe("several collections that are first used at once", () => {
  it("are all told to the actor, in whichever order that arrives", async () => {
    const { backend } = server();
    const names = Array.from({ length: 5 }, (_, at) => `${name}-${at}`);
    const all = names.map((each) => collection<Todo>(namespace("app", { backend }), each));
    const answer = actor.service.answer.bind(actor.service);
    const held: (() => void)[] = [];
    let probeCount = 0;
    vi.spyOn(actor.service, "answer").mockImplementation(async (request) => {
      if (request.type === "read") probeCount += 1;
      // The one that was asked last goes first, and the others follow in the opposite order.
      if (request.type === "read" && probeCount < names.length)
        await new Promise<void>((resolve) => held.unshift(resolve));
      if (request.type === "write") setTimeout(() => held.shift()?.());
      return answer(request);
    });
    await Promise.all(all.map((rows) => rows.insert({ list: "home", rank: 0 }, { id: "a" })));
    vi.restoreAllMocks();
    expect(await Promise.all(all.map((rows) => rows.count().get()))).toEqual(names.map(() => 1));
  });
});
