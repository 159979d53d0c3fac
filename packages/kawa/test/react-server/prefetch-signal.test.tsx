// Outside of a bundler, nothing hides the client components of `@tanstack/react-query`, which exports the same.
import { dehydrate, type DehydratedState, QueryClient } from "@tanstack/query-core";
import type { ReactElement } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../src/core/backend/backend.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import { collection, namespace, type Signal, useReactive } from "../../src/index.react-server.ts";
import {
  prefetchSignal,
  signalQueryOptions,
  useSignalMutation,
  useSignalQuery,
  useSuspenseSignalQuery,
} from "../../src/query/index.react-server.ts";
import { requestScope } from "../../src/react/render/request-scope.ts";
import { codeOf } from "../support/caught.ts";
import { outputsOf, renderServer } from "./flight.ts";

vi.mock("next/server", () => ({ connection: async () => {}, after: () => {} }));
vi.mock("next/headers", () => ({ headers: async () => new Headers({ host: "localhost" }) }));

const shared = namespace("prefetch");
const open = shared.signal("open", 0, { expose: "read" });
const todos = collection<{ rank: number }>(shared, "todos", { indexes: { byRank: ["rank"] }, expose: "read" });
const secret = shared.signal("secret", "s3cret");

let backend: Backend;
let count = 0;

beforeEach(() => {
  count += 1;
  backend = createMemoryBackend(`prefetch-${count}`);
  registerBackend(backend, { global: true });
});
afterEach(() => unregisterBackend(backend));

describe("prefetchSignal in a server component", () => {
  it("reads the version that the other components of the page show, which the data carries", async () => {
    await open.set(1);
    const { epoch } = backend.version;
    let state: DehydratedState | undefined;
    let reads: unknown;
    async function Page(): Promise<ReactElement> {
      const client = new QueryClient();
      requestScope().snapshots.of(backend);
      await open.set(2);
      await prefetchSignal(client, open);
      state = dehydrate(client);
      reads = requestScope().reads?.keys.size;
      return <Shown />;
    }
    const Shown = (): ReactElement => <output>{useReactive(open)}</output>;
    const flight = await renderServer(<Page />);
    expect(flight.errors).toEqual([]);
    expect(outputsOf(flight)).toEqual(["1"]);
    expect(state?.queries.map(({ queryKey, state: of }) => [queryKey, of.data, of.fetchMeta])).toEqual([
      [["kawa", "prefetch:open"], 1, { kawa: { seq: 1, epoch, isAbsent: false } }],
    ]);
    expect(reads).toBe(0);
  });

  it("reads the rows of a query, of the version that the page shows, each with its number", async () => {
    await todos.upsert("a", { rank: 2 });
    await todos.upsert("b", { rank: 1 });
    await todos.count().get();
    const { epoch } = backend.version;
    let state: DehydratedState | undefined;
    async function Page(): Promise<ReactElement> {
      const client = new QueryClient();
      requestScope().snapshots.of(backend);
      await todos.upsert("c", { rank: 0 });
      await prefetchSignal(client, todos.query({ index: "byRank" }));
      await prefetchSignal(client, todos.first({ where: { rank: 7 } }));
      await prefetchSignal(client, todos.count());
      state = dehydrate(client);
      return <output />;
    }
    expect((await renderServer(<Page />)).errors).toEqual([]);
    const [rows, first, count] = state!.queries.map(({ state: of }) => of);
    expect(rows).toMatchObject({
      data: [
        { id: "b", value: { rank: 1 } },
        { id: "a", value: { rank: 2 } },
      ],
      fetchMeta: { kawa: { epoch, rows: [2, 1] } },
    });
    expect([first?.data, count?.data]).toEqual([null, 2]);
  });

  it("reads the rows that fit, which carry no version: the browser must not take them for all", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await backend.set("prefetch:todos:a", { rank: 1 });
    await backend.set("prefetch:todos:b", { rank: 2 }, { version: 2 });
    const client = new QueryClient();
    for (const onInvalid of ["skip", "show"] as const) {
      const query = todos.query({ limit: onInvalid === "skip" ? 5 : 6, onInvalid });
      await prefetchSignal(client, query);
    }
    const found = dehydrate(client).queries.map(({ state }) => [(state.data as unknown[]).length, state.fetchMeta]);
    expect(found).toEqual([
      [1, null],
      [2, null],
    ]);
    vi.restoreAllMocks();
  });

  it("rejects for a signal that is not exposed, and leaves nothing of it in the cache", async () => {
    const client = new QueryClient();
    expect(await codeOf(() => prefetchSignal(client, secret))).toBe("NOT_EXPOSED");
    expect(dehydrate(client).queries).toEqual([]);
  });

  it("leaves to the browser what cannot be read", async () => {
    const failing: Backend = {
      ...createMemoryBackend("failing"),
      readerFor: () => Promise.reject(new Error("no connection")),
    };
    const client = new QueryClient();
    await prefetchSignal(client, namespace("failing", { backend: failing }).signal("n", 0, { expose: "read" }));
    expect(dehydrate(client).queries).toEqual([]);
  });
});

describe("kawa/query outside of renders on a server", () => {
  it("reads the current value as whoever the request is of", async () => {
    await open.set(7);
    const readerFor = vi.spyOn(backend, "readerFor");
    expect(await new QueryClient().fetchQuery(signalQueryOptions(open))).toBe(7);
    expect(readerFor).toHaveBeenCalledTimes(1);
  });

  it.each([useSignalQuery, useSuspenseSignalQuery, useSignalMutation])(
    "has hooks for client components only: %s",
    async (hook) => {
      expect(await codeOf(() => (hook as (of: Signal<number>) => unknown)(open))).toBe("CONTEXT_UNSUPPORTED");
    },
  );
});
