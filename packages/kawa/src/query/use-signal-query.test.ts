import { dehydrate, HydrationBoundary, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createElement, type ReactElement, Suspense } from "react";
import { renderToReadableStream } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { caught, codeOf } from "../../test/support/caught.ts";
import { type Backend, registerBackend, unregisterBackend } from "../core/backend/backend.ts";
import { createMemoryBackend } from "../core/memory/memory-backend.ts";
import { collection } from "../core/collection.ts";
import { namespace, signal } from "../core/namespace.ts";
import type { Signal } from "../core/signal.ts";
import type { ValueRow } from "../browser/value-protocol.ts";
import { shareSnapshots, unshareSnapshots } from "../react/render/client-snapshots.ts";
import { RenderSnapshots } from "../react/render/render-snapshots.ts";
import { type ClientValues, ClientValuesContext } from "../react/values-context.ts";
import { signalQueryOptions } from "./signal-query-options.ts";
import { useSignalQuery, useSuspenseSignalQuery } from "./use-signal-query.ts";

const shared = namespace("ssr-query");
const open = shared.signal("open", 1, { expose: "read" });
const todos = collection<{ list: string }>(shared, "todos", { indexes: { byList: ["list"] }, expose: "read" });
const hidden = collection<{ list: string }>(shared, "hidden", { indexes: { byList: ["list"] } });
const secret = shared.signal("secret", "s3cret");

let backend: Backend;
let count = 0;

beforeEach(() => {
  count += 1;
  backend = createMemoryBackend(`ssr-query-${count}`);
  registerBackend(backend, { global: true });
});
afterEach(() => {
  unregisterBackend(backend);
  vi.restoreAllMocks();
});

function Rows({ of }: { of: typeof todos }): ReactElement {
  const { data: rows } = useSuspenseSignalQuery(of.query({ where: { list: "home" } }));
  const { data: first } = useSignalQuery(of.first({ where: { list: "work" } }));
  const { data: count } = useSignalQuery(of.count(), { select: (all) => `${all} in all` });
  return createElement("output", undefined, JSON.stringify([rows.map(({ id }) => id), first, count]));
}

function Plain({ of }: { of: Signal<unknown> }): ReactElement {
  const { data, status } = useSignalQuery(of);
  return createElement("output", undefined, `${status} ${String(data)}`);
}

function Selected({ of }: { of: Signal<unknown> }): ReactElement {
  const { data } = useSuspenseSignalQuery(of, { select: (value) => `selected ${String(value)}` });
  return createElement("output", undefined, data);
}

type RenderOptions = { snapshots?: RenderSnapshots; client?: QueryClient };

/** The HTML of a page with one component, and the rows that its browser is given. */
async function render(
  content: ReactElement,
  { snapshots = new RenderSnapshots(), client = new QueryClient() }: RenderOptions = {},
) {
  const id = `query-${count}`;
  shareSnapshots(id, snapshots);
  const rows: ValueRow[] = [];
  const values: ClientValues = { render: Promise.resolve(id), give: (row) => rows.push(row) };
  const errors: unknown[] = [];
  const page = createElement(
    ClientValuesContext,
    { value: values },
    createElement(QueryClientProvider, { client }, createElement(Suspense, undefined, content)),
  );
  try {
    const stream = await renderToReadableStream(page, { onError: (error) => void errors.push(error) });
    await stream.allReady;
    const html = await new Response(stream).text();
    if (errors.length > 0) throw errors[0];
    return { html, rows, client };
  } finally {
    unshareSnapshots(id);
  }
}

describe("useSignalQuery in the HTML of a client component", () => {
  it("shows the version that the server components have seen, gives it to the browser, and asks nobody", async () => {
    await open.set(2);
    const snapshots = new RenderSnapshots();
    snapshots.of(backend);
    await open.set(3);
    const get = vi.spyOn(open, "get");
    const { html, rows, client } = await render(createElement(Plain, { of: open as Signal<unknown> }), { snapshots });
    expect(html).toContain("<output>success 2</output>");
    expect(rows).toEqual([["ssr-query:open", "[2]", 1, backend.version.epoch]]);
    expect(client.getQueryData(signalQueryOptions(open).queryKey)).toBe(2);
    expect(get).not.toHaveBeenCalled();
  });

  it("applies `select`, also where it suspends", async () => {
    await open.set(4);
    expect((await render(createElement(Selected, { of: open as Signal<unknown> }))).html).toContain(
      "<output>selected 4</output>",
    );
  });

  it("shows what was prefetched", async () => {
    await open.set(5);
    const server = new QueryClient();
    await server.prefetchQuery(signalQueryOptions(open));
    const boundary = createElement(
      HydrationBoundary,
      { state: dehydrate(server) },
      createElement(Plain, { of: open as Signal<unknown> }),
    );
    expect((await render(boundary)).html).toContain("<output>success 5</output>");
  });

  it("has no data where the value cannot be shown, and the rest of the page is there", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await backend.set(open.key, 1, { version: 2 });
    expect((await render(createElement(Plain, { of: open as Signal<unknown> }))).html).toContain(
      "<output>pending undefined</output>",
    );
    expect(await codeOf(() => render(createElement(Selected, { of: open as Signal<unknown> })))).toBe("VALUE_TOO_NEW");
  });

  it("shows queries of a collection, and gives the browser their rows", async () => {
    for (const id of ["a", "b"]) await todos.upsert(id, { list: "home" });
    const { html, rows } = await render(createElement(Rows, { of: todos }));
    expect(html).toContain("<output>[[&quot;a&quot;,&quot;b&quot;],null,&quot;2 in all&quot;]</output>");
    expect(rows.map(([key]) => key)).toEqual(expect.arrayContaining([todos("a").key, todos("b").key]));
  });

  it("refuses queries of a collection that is not exposed", async () => {
    expect(await codeOf(() => render(createElement(Rows, { of: hidden })))).toBe("NOT_EXPOSED");
    expect(await codeOf(() => signalQueryOptions(hidden.query()))).toBe("NOT_EXPOSED");
  });

  it("refuses a signal that is not exposed as useReactive does, and nothing of it is in the HTML", async () => {
    await secret.set("t0p");
    const error = await caught(() => render(createElement(Plain, { of: secret as Signal<unknown> })));
    expect(error).toMatchObject({ code: "NOT_EXPOSED", message: expect.stringContaining("ssr-query:secret") });
    expect(String(error)).not.toMatch(/t0p|s3cret/);
  });

  it("needs a client that the app provides", async () => {
    const error = await caught(() =>
      renderToReadableStream(createElement(Plain, { of: open as Signal<unknown> }), { onError() {} }),
    );
    expect(error).toMatchObject({ message: expect.stringContaining("QueryClientProvider") });
  });
});

describe("signalQueryOptions on a server", () => {
  it("names the query after the signal, and never makes it stale", () => {
    expect(signalQueryOptions(open)).toMatchObject({
      queryKey: ["kawa", "ssr-query:open"],
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnMount: false,
      refetchOnReconnect: false,
      refetchOnWindowFocus: false,
    });
  });

  it("refuses a signal that is not exposed, before anything is read", async () => {
    expect(await codeOf(() => signalQueryOptions(secret))).toBe("NOT_EXPOSED");
    expect(await codeOf(() => signalQueryOptions(signal("own")))).toBe("NOT_EXPOSED");
  });
});
