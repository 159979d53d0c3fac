import { dehydrate, type DehydratedState, hydrate, QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { caught } from "../../test/support/caught.ts";
import { type FakeRoute, rowOf, settle, stubBrowser } from "../../test/support/fake-route.ts";
import { browserBackend } from "../browser/global-backend.ts";
import type { Entry } from "../core/backend/backend.ts";
import { type Collection, collection } from "../core/collection.ts";
import { namespace } from "../core/namespace.ts";
import { followSignal } from "./live-queries.ts";
import type { QuerySource } from "./query-source.ts";
import { noteVersion } from "./query-version.ts";
import { signalQueryOptions } from "./signal-query-options.ts";

type Todo = { readonly list: string; readonly rank: number };

let client: QueryClient;
let route: FakeRoute;
let todos: Collection<Todo>;
let count = 0;

beforeEach(() => {
  vi.useFakeTimers();
  route = stubBrowser();
  client = new QueryClient();
  count += 1;
  todos = collection<Todo>(namespace("app"), `queried${count}`, {
    indexes: { byList: ["list", "rank"] },
    expose: "write",
  });
});
afterEach(() => {
  client.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const home = { where: { list: "home" }, limit: 3 };
const cached = <T>(of: QuerySource<T>): unknown => client.getQueryData(signalQueryOptions<T>(of).queryKey);
const cachedIds = (): unknown => (cached(todos.query(home)) as { id: string }[] | undefined)?.map(({ id }) => id);
const put = (of: QuerySource<unknown>, value: unknown): void =>
  void client.setQueryData(signalQueryOptions<unknown>(of).queryKey, value);
const listRow = (ids: readonly string[], seq: number) => rowOf(todos.query(home).key, ids, seq);
const todoRow = (id: string, rank: number, seq: number) => rowOf(todos(id).key, { list: "home", rank }, seq);

/** What the stream of a page tells that shows three rows. */
function receiveThree(): void {
  void browserBackend().receive([
    ...["a", "b", "c"].map((id, rank) => todoRow(id, rank, 1)),
    listRow(["a", "b", "c"], 1),
  ]);
}

/** What a server sends of a cache into which it has read rows; all their entries have one number. */
async function prefetched<T>(
  of: QuerySource<T>,
  value: unknown,
  { seq, rowCount, epoch = "e1" }: { seq: number; rowCount: number; epoch?: string },
): Promise<DehydratedState> {
  const server = new QueryClient();
  const entries = Array.from({ length: rowCount + 1 }, () => ({ state: "present", seq }) as Entry);
  await server.prefetchQuery({
    queryKey: signalQueryOptions<T>(of).queryKey,
    queryFn: ({ client: at, queryKey }) => {
      noteVersion(at, queryKey, { entries, epoch });
      return value as never;
    },
  });
  return JSON.parse(JSON.stringify(dehydrate(server))) as DehydratedState;
}

describe("a query of a collection in the cache", () => {
  it("shows rows that enter, change, move and leave, and asks the server for nothing", async () => {
    const page = todos.query(home);
    receiveThree();
    put(page, []);
    followSignal(client, page);
    expect(cachedIds()).toEqual(["a", "b", "c"]);
    void browserBackend().receive([todoRow("d", 0.5, 2), listRow(["a", "d", "b"], 2)]);
    expect(cachedIds()).toEqual(["a", "d", "b"]);
    void browserBackend().receive([todoRow("a", 0.25, 3)]);
    expect(cached(page)).toMatchObject([{ value: { rank: 0.25 } }, {}, {}]);
    void browserBackend().receive([listRow(["d", "b"], 4), rowOf(todos("a").key, undefined, 4)]);
    expect(cachedIds()).toEqual(["d", "b"]);
    await settle();
    expect(route.reads).toEqual([]);
  });

  it("keeps the object of each row that stays as it is", () => {
    const page = todos.query(home);
    receiveThree();
    put(page, []);
    followSignal(client, page);
    const before = cached(page) as unknown[];
    void browserBackend().receive([todoRow("c", 9, 2)]);
    const after = cached(page) as unknown[];
    expect([after[0] === before[0], after[1] === before[1], after[2] === before[2]]).toEqual([true, true, false]);
  });

  it("follows the list before anything is known, without a request, and nothing after the last follower has gone", async () => {
    const page = todos.query(home);
    const watched = () => browserBackend().watched.flatMap(([key]) => (key.includes(todos.prefix) ? [key] : []));
    const stops = [followSignal(client, page), followSignal(client, page)];
    expect(watched()).toEqual([page.key]);
    await settle();
    expect(route.reads).toEqual([]);
    put(page, []);
    receiveThree();
    expect(cachedIds()).toEqual(["a", "b", "c"]);
    expect(watched()).toEqual(expect.arrayContaining([page.key, todos("a").key]));
    stops[0]!();
    void browserBackend().receive([listRow(["c"], 2)]);
    expect(cachedIds()).toEqual(["c"]);
    stops[1]!();
    void browserBackend().receive([listRow(["a"], 3)]);
    expect(cachedIds()).toEqual(["c"]);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(watched()).toEqual([]);
  });

  it("waits with a list whose rows are not known yet", () => {
    const page = todos.query(home);
    receiveThree();
    put(page, []);
    followSignal(client, page);
    void browserBackend().receive([listRow(["a", "b", "new"], 2)]);
    expect(cachedIds()).toEqual(["a", "b", "c"]);
    void browserBackend().receive([todoRow("new", 7, 2)]);
    expect(cachedIds()).toEqual(["a", "b", "new"]);
  });

  it("shows what is written here at its place at once, and takes it back when it is refused", async () => {
    const page = todos.query(home);
    receiveThree();
    put(page, []);
    followSignal(client, page);
    const gate = Promise.withResolvers<Response>();
    route.answers.push(gate.promise);
    const write = caught(() => todos.upsert("mine", { list: "home", rank: 0.5 }));
    await settle();
    expect(cachedIds()).toEqual(["a", "mine", "b"]);
    gate.resolve(Response.json({ code: "VALUE_INVALID", error: "No." }, { status: 422 }));
    await settle();
    expect(await write).toMatchObject({ code: "VALUE_INVALID" });
    expect(cachedIds()).toEqual(["a", "b", "c"]);
  });

  it("tells observers only what `select` makes of it", async () => {
    const page = todos.query(home);
    receiveThree();
    put(page, []);
    followSignal(client, page);
    const observer = new QueryObserver(client, {
      ...signalQueryOptions(page),
      select: (rows) => rows.length,
      notifyOnChangeProps: ["data"],
    });
    const seen: unknown[] = [observer.getCurrentResult().data];
    observer.subscribe(({ data }) => seen.push(data));
    void browserBackend().receive([todoRow("a", 0.1, 2)]);
    await settle();
    void browserBackend().receive([listRow(["a"], 3)]);
    await settle();
    expect(seen).toEqual([3, 1]);
  });

  it("has the first row and the count apart from the rows, and null where there is no first row", () => {
    const first = todos.first({ where: { list: "home" } });
    const list = todos.query({ where: { list: "home" }, limit: 1 });
    const total = todos.count({ where: { list: "home" } });
    for (const of of [first, list, total]) {
      put(of as QuerySource<unknown>, 0);
      followSignal<unknown>(client, of);
    }
    receiveThree();
    void browserBackend().receive([rowOf(list.key, ["a"], 1), rowOf(total.key, 3, 1)]);
    expect([cached(first), cached(list), cached(total)]).toEqual([
      { id: "a", value: { list: "home", rank: 0 } },
      [{ id: "a", value: { list: "home", rank: 0 } }],
      3,
    ]);
    void browserBackend().receive([rowOf(list.key, [], 2), rowOf(total.key, 0, 2)]);
    expect([cached(first), cached(list), cached(total)]).toEqual([null, [], 0]);
  });

  it("shows null for a row that was deleted", () => {
    const row = todos("a");
    receiveThree();
    put(row as QuerySource<unknown>, null);
    followSignal(client, row);
    expect(cached(row)).toEqual({ list: "home", rank: 0 });
    void browserBackend().receive([[row.key, null, 2, "e1"]]);
    expect(cached(row)).toBeNull();
  });
});

describe("rows that a render has read", () => {
  const rows = (...ids: string[]) => ids.map((id, rank) => ({ id, value: { list: "home", rank } }));

  it("are taken over with their list where they are newer, so nothing is asked for", async () => {
    const page = todos.query(home);
    hydrate(client, await prefetched(page, rows("a", "b"), { seq: 5, rowCount: 2 }));
    followSignal(client, page);
    expect(browserBackend().watched).toEqual(
      expect.arrayContaining([
        [page.key, 5, "e1"],
        [todos("a").key, 5, "e1"],
        [todos("b").key, 5, "e1"],
      ]),
    );
    void browserBackend().receive([todoRow("a", 100, 4)]);
    expect(cached(page)).toEqual(rows("a", "b"));
    void browserBackend().receive([todoRow("a", 100, 6)]);
    expect(cached(page)).toMatchObject([{ value: { rank: 100 } }, {}]);
    await settle();
    expect(route.reads).toEqual([]);
  });

  it("do not replace newer ones when they come late", async () => {
    const page = todos.query(home);
    receiveThree();
    put(page, []);
    followSignal(client, page);
    void browserBackend().receive([listRow(["c"], 9), todoRow("c", 50, 9)]);
    const { queries, mutations } = await prefetched(page, rows("a", "b", "c"), { seq: 3, rowCount: 3 });
    const late = Date.now() + 60_000;
    hydrate(client, {
      mutations,
      queries: queries.map((query) => ({ ...query, state: { ...query.state, dataUpdatedAt: late } })),
    });
    expect(cached(page)).toEqual([{ id: "c", value: { list: "home", rank: 50 } }]);
  });

  it("may be none, or the first alone", async () => {
    const [page, first] = [todos.query(home), todos.first({ where: { list: "work" } })];
    hydrate(client, await prefetched(page, [], { seq: 2, rowCount: 0 }));
    hydrate(client, await prefetched(first, null, { seq: 2, rowCount: 0 }));
    followSignal(client, page);
    followSignal(client, first);
    expect([cached(page), cached(first)]).toEqual([[], null]);
    await settle();
    expect(route.reads).toEqual([]);
  });
});

describe("signalQueryOptions of a query of a collection in a browser", () => {
  it("reads its rows", async () => {
    const page = todos.query(home);
    vi.stubGlobal("fetch", async (url: string) => {
      const keys = JSON.parse(new URL(url, "http://localhost").searchParams.get("keys")!) as string[];
      const rows = keys.map((key) => (key === page.key ? listRow(["a"], 1) : todoRow("a", 4, 1)));
      return Response.json({ rows, refused: [] });
    });
    expect(await client.fetchQuery(signalQueryOptions(page))).toEqual([{ id: "a", value: { list: "home", rank: 4 } }]);
  });

  it("has what the server says against it as the error of the query, and rows as soon as the stream brings them", async () => {
    const page = todos.query(home);
    followSignal(client, page);
    expect(await caught(() => client.fetchQuery(signalQueryOptions(page)))).toMatchObject({ code: "NOT_EXPOSED" });

    vi.stubGlobal("fetch", async () => Response.json({ code: "INDEX_BUILDING", error: "Soon." }, { status: 503 }));
    const options = { ...signalQueryOptions(page), retry: false };
    expect(await caught(() => client.fetchQuery(options))).toMatchObject({ code: "INDEX_BUILDING" });
    receiveThree();
    expect(cachedIds()).toEqual(["a", "b", "c"]);
    expect(client.getQueryState(options.queryKey)).toMatchObject({ status: "success", error: null });
  });

  it("is refused at once where no index serves it", async () => {
    expect(await caught(() => signalQueryOptions(todos.query({ where: { rank: 1 } })))).toMatchObject({
      code: "INDEX_MISSING",
    });
  });
});
