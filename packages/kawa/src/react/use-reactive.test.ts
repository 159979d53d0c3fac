import { createElement, type ReactElement, Suspense } from "react";
import { renderToReadableStream, renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf, caught } from "../../test/support/caught.ts";
import { type Backend, type Entry, registerBackend, unregisterBackend } from "../core/backend/backend.ts";
import { computed } from "../core/computed.ts";
import { createPresentEntry } from "../core/backend/entry.ts";
import { createMemoryBackend } from "../core/memory/memory-backend.ts";
import { namespace, signal } from "../core/namespace.ts";
import { cell } from "../core/process/reactive.ts";
import type { Readable } from "../core/backend/reads.ts";
import { encodeValue } from "../core/value/value.ts";
import type { ValueRow } from "../browser/value-protocol.ts";
import { shareSnapshots, unshareSnapshots } from "./render/client-snapshots.ts";
import { RenderSnapshots } from "./render/render-snapshots.ts";
import { useReactive } from "./use-reactive.ts";
import { type ClientValues, ClientValuesContext } from "./values-context.ts";

let backend: Backend;
let count = 0;

beforeEach(() => {
  count += 1;
  backend = createMemoryBackend(`ssr-${count}`);
  registerBackend(backend, { global: true });
});
afterEach(() => {
  unregisterBackend(backend);
  vi.restoreAllMocks();
});

const shared = namespace("ssr");
const open = shared.signal("open", 1, { expose: "read" });
const when = shared.signal("when", new Date(0), { expose: "read" });
const secret = shared.signal("secret", "s3cret");

function Show({ source }: { source: Readable<unknown> }): ReactElement {
  return createElement("output", undefined, String(useReactive(source)));
}

/** The HTML of a page whose server components have the given snapshots, and the rows that its browser is given. */
async function render(
  source: Readable<unknown>,
  snapshots = new RenderSnapshots(),
): Promise<{ html: string; rows: ValueRow[] }> {
  const id = `render-${count}`;
  shareSnapshots(id, snapshots);
  const rows: ValueRow[] = [];
  const values: ClientValues = { render: Promise.resolve(id), give: (row) => rows.push(row) };
  const page = createElement(
    ClientValuesContext,
    { value: values },
    createElement(Suspense, undefined, createElement(Show, { source })),
  );
  const errors: unknown[] = [];
  try {
    const stream = await renderToReadableStream(page, { onError: (error) => void errors.push(error) });
    await stream.allReady;
    const html = await new Response(stream).text();
    if (errors.length > 0) throw errors[0];
    return { html, rows };
  } finally {
    unshareSnapshots(id);
  }
}

describe("useReactive in the HTML of a client component", () => {
  it("shows the version that the server components have seen, whatever was written since", async () => {
    await open.set(2);
    const snapshots = new RenderSnapshots();
    snapshots.of(backend);
    await open.set(3);
    const { html, rows } = await render(open, snapshots);
    expect(html).toContain("<output>2</output>");
    expect(rows).toEqual([["ssr:open", "[2]", 1, backend.version.epoch]]);
  });

  it("is an error where what is stored is no value", async () => {
    await open.set(2);
    const held = cell<Entry>(createPresentEntry(1, "[[-7,4294967295]]"));
    vi.spyOn(backend, "entry").mockImplementation(() => held);
    expect(await caught(() => render(open))).toMatchObject({ code: "VALUE_UNREADABLE", data: { key: "ssr:open" } });
  });

  it("gives the browser the rows of all signals that a computed has read", async () => {
    const both = computed(() => `${open.value} ${when.value.getTime()}`);
    const { html, rows } = await render(both);
    expect(html).toContain("<output>1 0</output>");
    expect(rows.map(([key, text]) => [key, text])).toEqual([
      ["ssr:open", null],
      ["ssr:when", null],
    ]);
  });

  it("waits for a value that this server has to ask for", async () => {
    const known = new Set<string>();
    const load = vi.fn<Backend["load"]>(async (keys) => void keys.forEach((key) => known.add(key)));
    const slow = createMemoryBackend(`ssr-slow-${count}`);
    await slow.set("slow:late", 5);
    const reader = { entry: (key: string) => (known.has(key) ? slow : createUnknown()).entry(key), load };
    const asked: Backend = {
      ...slow,
      ...reader,
      openSnapshot: () => undefined,
      snapshotFor: async () => ({
        ...reader,
        peek: (key) => reader.entry(key).peek(),
        version: slow.version,
        isConsistent: true,
        release() {},
      }),
    };
    const late = namespace("slow", { backend: asked }).signal("late", 0, { expose: "read" });
    expect((await render(late)).html).toContain("<output>5</output>");
    expect(load).toHaveBeenCalledTimes(1);
  });

  it("shows the default of a signal without a key, which is each browser's own", async () => {
    const own = signal("closed");
    await own.set("open");
    expect((await render(own)).html).toContain("<output>closed</output>");
  });

  it("shows a migrated value, and gives the browser that and nothing else of what is stored", async () => {
    type User = { readonly name: string };
    const migrate = ({ name }: { name: string }): User => ({ name });
    const definition = { expose: "read", version: 2, migrate: migrate as (value: unknown) => User } as const;
    const user = shared.signal<User>("user", { name: "" }, definition);
    const name = computed(() => user.value.name);
    await backend.set(user.key, { name: "Ada", secret: "t0p" });
    const { html, rows } = await render(name);
    expect(html).toContain("<output>Ada</output>");
    expect(rows.map((row) => row[1])).toEqual([encodeValue(user.key, { name: "Ada" }, undefined, 2)]);
    await backend.set(user.key, null);
    expect(await codeOf(() => render(name))).toBe("VALUE_NOT_MIGRATED");
  });

  it("refuses a signal that is not exposed, and nothing of it is in the HTML", async () => {
    await secret.set("t0p");
    const error = await caught(() => render(secret));
    expect(error).toMatchObject({ code: "NOT_EXPOSED", message: expect.stringContaining("ssr:secret") });
    expect(String(error)).not.toMatch(/t0p|s3cret/);
  });

  it("refuses a computed that reads one which is not exposed", async () => {
    expect(await codeOf(() => render(computed(() => `${open.value}${secret.value}`)))).toBe("NOT_EXPOSED");
  });

  it("says what to write where nothing tells which render the page is of", async () => {
    const error = await caught(() => renderToString(createElement(Show, { source: open })));
    expect(error).toMatchObject({
      code: "CONTEXT_UNSUPPORTED",
      message: expect.stringContaining("<LiveUpdates>{children}</LiveUpdates>"),
    });
  });

  it("refuses an inline stream", async () => {
    expect(await codeOf(() => useReactive(0, () => {}, []))).toBe("CONTEXT_UNSUPPORTED");
  });
});

function createUnknown(): Pick<Backend, "entry"> {
  return { entry: () => ({ peek: () => ({ state: "unknown", seq: 0 }) }) as unknown as ReturnType<Backend["entry"]> };
}
