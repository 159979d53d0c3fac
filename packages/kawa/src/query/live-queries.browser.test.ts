import {
  dehydrate,
  type DehydratedState,
  hydrate,
  notifyManager,
  QueryClient,
  QueryObserver,
} from "@tanstack/react-query";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { caught } from "../../test/support/caught.ts";
import { type FakeRoute, rowOf, settle, stubBrowser } from "../../test/support/fake-route.ts";
import type { Entry } from "../core/backend/backend.ts";
import { browserBackend } from "../browser/global-backend.ts";
import { namespace } from "../core/namespace.ts";
import type { KawaError } from "../core/errors/errors.ts";
import type { Signal } from "../core/signal.ts";
import { unfitText } from "../core/value/unfit-text.ts";
import { followSignal } from "./live-queries.ts";
import { noteVersion } from "./query-version.ts";
import { signalQueryOptions } from "./signal-query-options.ts";

type Score = { readonly home: number; readonly away: number };

let client: QueryClient;
let route: FakeRoute;
let signal: Signal<number>;
let count = 0;

beforeEach(() => {
  vi.useFakeTimers();
  route = stubBrowser();
  client = new QueryClient();
  count += 1;
  signal = namespace("query").signal(`n${count}`, 0, { expose: "write" });
});
afterEach(() => {
  client.clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const receive = <T>({ key }: Signal<T>, value: unknown, seq: number, epoch?: string): void =>
  void browserBackend().receive([rowOf(key, value, seq, epoch)]);
const cached = <T>(of: Signal<T>): T | undefined => client.getQueryData(signalQueryOptions(of).queryKey);
const put = <T>(of: Signal<T>, value: T): void =>
  void client.setQueryData(signalQueryOptions<unknown>(of as Signal<unknown>).queryKey, value);

/** What a server sends of a cache into which it has read a signal. */
async function prefetched<T>(
  { key }: Signal<T>,
  value: T,
  entry: Pick<Entry, "seq" | "state">,
  epoch = "e1",
): Promise<DehydratedState> {
  const server = new QueryClient();
  await server.prefetchQuery({
    queryKey: ["kawa", key],
    queryFn: ({ client: at, queryKey }) => {
      noteVersion(at, queryKey, { entries: [entry as Entry], epoch });
      return value;
    },
  });
  return JSON.parse(JSON.stringify(dehydrate(server))) as DehydratedState;
}

/** The same, as if it had been read at another time. */
function readAt({ queries, mutations }: DehydratedState, dataUpdatedAt: number): DehydratedState {
  return { mutations, queries: queries.map((query) => ({ ...query, state: { ...query.state, dataUpdatedAt } })) };
}

describe("a query that follows its signal", () => {
  it("shows each change, and asks the server for nothing", async () => {
    put(signal, 0);
    followSignal(client, signal);
    for (const [value, seq] of [
      [1, 1],
      [2, 2],
      [2, 3],
      [5, 4],
    ] as const) {
      receive(signal, value, seq);
      expect(cached(signal)).toBe(value);
    }
    await settle();
    expect(route.reads).toEqual([]);
  });

  it("is an error while the value cannot be shown, and keeps what it had", async () => {
    put(signal, 0);
    followSignal(client, signal);
    receive(signal, 1, 1);
    await browserBackend().receive([[signal.key, unfitText("VALUE_INVALID"), 2, "e1"]]);
    const state = () => client.getQueryState<number, KawaError>(signalQueryOptions(signal).queryKey);
    expect(state()).toMatchObject({ status: "error", data: 1, error: { code: "VALUE_INVALID" } });
    receive(signal, 3, 3);
    expect(state()).toMatchObject({ status: "success", data: 3, error: null });
  });

  it("follows for the stream before anything of the signal is known", () => {
    const stop = followSignal(client, signal);
    expect(browserBackend().watched).toContainEqual([signal.key, -1, ""]);
    stop();
    expect(browserBackend().watched.map(([key]) => key)).not.toContain(signal.key);
  });

  it("makes no query that nobody has asked for", () => {
    followSignal(client, signal);
    receive(signal, 1, 1);
    expect(client.getQueryCache().getAll()).toEqual([]);
  });

  it("tells observers only what `select` makes of it", async () => {
    put(signal, 0);
    const observer = new QueryObserver(client, {
      ...signalQueryOptions(signal),
      select: (value) => value % 2 === 0,
      notifyOnChangeProps: ["data"],
    });
    const seen: unknown[] = [];
    observer.subscribe(({ data }) => seen.push(data));
    followSignal(client, signal);
    for (const [value, seq] of [
      [2, 2],
      [4, 3],
      [5, 4],
      [7, 5],
      [8, 6],
    ] as const) {
      receive(signal, value, seq);
      await settle();
    }
    expect(seen).toEqual([false, true]);
  });

  it("keeps the object of an equal value, and does not set it again and again", () => {
    const score = namespace("query").signal<Score>(`score${count}`, { home: 0, away: 0 }, { expose: "read" });
    put(score, { home: 1, away: 0 });
    const before = cached(score);
    const events: string[] = [];
    client.getQueryCache().subscribe(({ type }) => void events.push(type));
    followSignal(client, score);
    receive(score, { home: 1, away: 0 }, 1);
    expect(cached(score)).toBe(before);
    expect(events).toEqual(["updated"]);
  });

  it("ends with what is written by somebody who hears of a value before", () => {
    put(signal, 0);
    followSignal(client, signal);
    let isFirst = true;
    client.getQueryCache().subscribe(() => {
      if (isFirst) receive(signal, 2, 2);
      isFirst = false;
    });
    receive(signal, 1, 1);
    expect(cached(signal)).toBe(2);
  });

  it("is null where the signal is undefined, of which a query knows nothing", () => {
    const optional = namespace("query").signal<number | undefined>(`optional${count}`, 1, { expose: "read" });
    put(optional, 1);
    followSignal(client, optional);
    receive(optional, undefined, 1);
    expect(cached(optional)).toBeNull();
    receive(optional, 2, 2);
    expect(cached(optional)).toBe(2);
  });

  it("is left alone when nobody follows any more", () => {
    put(signal, 0);
    const stops = [followSignal(client, signal), followSignal(client, signal)];
    stops[0]!();
    stops[0]!();
    receive(signal, 1, 1);
    expect(cached(signal)).toBe(1);
    stops[1]!();
    receive(signal, 2, 2);
    expect(cached(signal)).toBe(1);
    expect(client.getQueryCache().hasListeners()).toBe(false);
  });

  it("shows what was missed meanwhile to whoever follows next", () => {
    put(signal, 0);
    followSignal(client, signal);
    receive(signal, 1, 1);
    client.removeQueries();
    put(signal, 0);
    followSignal(client, signal);
    expect(cached(signal)).toBe(1);
  });

  it("is of its own client", () => {
    const other = new QueryClient();
    other.setQueryData(["kawa", signal.key], 0);
    put(signal, 0);
    followSignal(client, signal);
    receive(signal, 1, 1);
    expect(other.getQueryData(["kawa", signal.key])).toBe(0);
  });
});

describe("a query that something else writes to", () => {
  it("keeps the newer value when a render brings an older one late", async () => {
    put(signal, 0);
    followSignal(client, signal);
    receive(signal, 5, 5);
    const late = readAt(await prefetched(signal, 3, { state: "present", seq: 3 }), Date.now() + 60_000);
    const seen: unknown[] = [];
    const observer = new QueryObserver(client, signalQueryOptions(signal));
    // As `useQuery` does it.
    observer.subscribe(notifyManager.batchCalls(() => seen.push(observer.getCurrentResult().data)));
    hydrate(client, late);
    await settle();
    expect(cached(signal)).toBe(5);
    expect(new Set(seen)).toEqual(new Set([5]));
  });

  it("keeps what a render brings when that is newer than what was known here, and so does the signal", async () => {
    receive(signal, 2, 2);
    hydrate(client, await prefetched(signal, 9, { state: "present", seq: 9 }));
    followSignal(client, signal);
    expect(cached(signal)).toBe(9);
    expect(signal.peek()).toBe(9);
    expect(browserBackend().watched).toContainEqual([signal.key, 9, "e1"]);
    receive(signal, 7, 7);
    expect(cached(signal)).toBe(9);
    receive(signal, 10, 10);
    expect(cached(signal)).toBe(10);
  });

  it("takes a value that was deleted from a render", async () => {
    receive(signal, 2, 2);
    hydrate(client, await prefetched(signal, signal.initial, { state: "absent", seq: 4 }));
    followSignal(client, signal);
    expect(browserBackend().entry(signal.key).peek()).toEqual({ state: "absent", seq: 4 });
    expect(cached(signal)).toBe(0);
  });

  it("does not take another history from a render", async () => {
    receive(signal, 2, 2, "e2");
    hydrate(client, await prefetched(signal, 9, { state: "present", seq: 9 }, "e1"));
    followSignal(client, signal);
    expect(cached(signal)).toBe(2);
  });

  it("replaces the older value of a restored cache as soon as the stream tells the current one", () => {
    put(signal, 3);
    const stored = readAt(dehydrate(client), Date.now() + 1);
    client.clear();
    put(signal, 4);
    followSignal(client, signal);
    hydrate(client, stored);
    expect(cached(signal)).toBe(3);
    receive(signal, 8, 8);
    expect(cached(signal)).toBe(8);
    hydrate(client, readAt(stored, Date.now() + 2));
    expect(cached(signal)).toBe(8);
  });

  it("stores no version in a cache that is persisted", async () => {
    hydrate(client, await prefetched(signal, 9, { state: "present", seq: 9 }));
    followSignal(client, signal);
    expect(dehydrate(client).queries[0]?.state.fetchMeta).toBeNull();
    hydrate(client, readAt(await prefetched(signal, 9, { state: "present", seq: 10 }), Date.now() + 1));
    expect(dehydrate(client).queries[0]?.state.fetchMeta).toBeNull();
    expect(browserBackend().watched).toContainEqual([signal.key, 10, "e1"]);
  });

  it("is left loading for the devtools until there is something new", () => {
    put(signal, 0);
    followSignal(client, signal);
    receive(signal, 1, 1);
    client
      .getQueryCache()
      .get(JSON.stringify(["kawa", signal.key]))!
      .setState({ data: undefined, status: "pending" });
    expect(cached(signal)).toBeUndefined();
    receive(signal, 2, 2);
    expect(cached(signal)).toBe(2);
  });

  it("shows the signal again when the app has set something else", () => {
    put(signal, 0);
    followSignal(client, signal);
    receive(signal, 1, 1);
    put(signal, 99);
    expect(cached(signal)).toBe(1);
  });
});

describe("signalQueryOptions in a browser", () => {
  it("reads from the server, and not again what may not be read", async () => {
    const error = await caught(() => client.fetchQuery(signalQueryOptions(signal)));
    expect(error).toMatchObject({ code: "NOT_EXPOSED" });
    expect(route.reads).toEqual([[signal.key]]);
  });
});
