import { cache, type ReactElement } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../src/core/backend/backend.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import { asOwnWork } from "../../src/core/work/own-work.ts";
import { markRefresh } from "../../src/core/work/refresh-requests.ts";
import { batch, effect, isKawaError, namespace, read, signal, transaction } from "../../src/index.react-server.ts";
import { asNext } from "../support/next-stores.ts";
import { renderServer } from "./flight.ts";

const next = vi.hoisted(() => ({ headers: new Headers() }));

vi.mock("next/server", () => ({ connection: async () => {}, after: () => {} }));
vi.mock("next/headers", () => ({ headers: async () => next.headers }));

let count = 0;
let backend: Backend;
let warnings: string[];

beforeEach(async () => {
  count += 1;
  backend = createMemoryBackend(`writes-${count}`);
  registerBackend(backend, { global: true });
  await views.set(5);
  warnings = [];
  vi.spyOn(console, "warn").mockImplementation((...said) => void warnings.push(said.map(String).join(" ")));
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  unregisterBackend(backend);
});

const app = namespace("writes");
const views = app.signal("views", 0);
const ofPost = app.family((id: string) => ({ key: `posts:${id}`, default: 0 }));
const visitor = app.family((id: string) => ({ key: `visitors:${id}`, default: "" }), {
  expose: "write",
  ttlMs: 10_000,
});
const local = signal(0);
const plusOne = (value: number): number => value + 1;

/** Each way to write that an app has. */
const doors: Record<string, () => unknown> = {
  "signal.set()": () => views.set(6),
  "signal.set() with a function": () => views.set(plusOne),
  "signal.update()": () => views.update(plusOne),
  "signal.delete()": () => views.delete(),
  "signal.increment()": () => views.increment(),
  "transaction()": () => transaction((tx) => tx.increment(views)),
  "a transaction that reads": () => transaction(async (tx) => tx.set(views, (await tx.get(views)) + 1)),
  "a member of a family": () => ofPost("1").set(1),
  "a member of an ephemeral family": () => visitor("ada").set("Ada"),
  "a signal without a key": () => local.set(1),
  "namespace.clear()": () => app.clear(),
  "batch()": () => batch(() => views.set(6)),
  "a function that cache() keeps": () => cache(() => views.set(6))(),
  "backend.set()": () => backend.set("writes:views", 6),
  "backend.update()": () => backend.update("writes:views", () => 6),
  "backend.delete()": () => backend.delete("writes:views"),
  "backend.clear()": () => backend.clear("writes:"),
};

type Asked = { readonly accept?: string; readonly referer?: string; readonly asked?: string; readonly action?: string };

/** Headers of requests of the page `/views?of=1`. */
function headersOf({ accept = "*/*", referer, asked, action }: Asked): Headers {
  const headers = new Headers({ accept });
  if (referer !== undefined) headers.set("referer", referer);
  if (asked !== undefined) headers.set("x-kawa-asked", asked);
  if (action !== undefined) headers.set("next-action", action);
  return headers;
}

const document: Asked = { accept: "text/html,*/*" };
const refresh: Asked = { referer: "http://host/views?of=1" };

function inRequest<R>(asked: Asked | Headers, fn: () => R, { page = "/views/page", phase = "render" } = {}): R {
  next.headers = asked instanceof Headers ? asked : headersOf(asked);
  const unit = { type: "request", phase, headers: next.headers, url: { pathname: "/views", search: "?of=1" } };
  return asNext({ work: { page, route: "/views" }, unit }, fn);
}

/** Renders a component that writes; resolves with what it has thrown. */
async function render(write: () => unknown, asked: Asked | Headers): Promise<unknown> {
  let failure: unknown;
  async function Writing(): Promise<ReactElement> {
    await read(views);
    try {
      await write();
    } catch (error) {
      failure = error;
    }
    return <p />;
  }
  const { errors } = await inRequest(asked, () => renderServer(<Writing />));
  expect(errors).toEqual([]);
  return failure;
}

async function stored(): Promise<unknown[]> {
  return [...(await backend.entries(""))].map(([key, value]) => [key, value]);
}

const before = [["writes:views", 5]];

describe.each(Object.entries(doors))("%s in a component", (_, write) => {
  it("is an error in development, which blames the line that writes", async () => {
    vi.stubEnv("NODE_ENV", "development");
    const failure = await render(write, document);
    expect(isKawaError(failure, "RENDER_WRITE")).toBe(true);
    expect((failure as Error).stack?.split("\n").find((line) => line.trim().startsWith("at "))).toContain(
      "render-writes.test.tsx",
    );
    expect([await stored(), local.peek()]).toEqual([before, 0]);
  });

  it("is left out by a refresh in production, with one warning", async () => {
    vi.stubEnv("NODE_ENV", "production");
    for (const _time of [1, 2]) expect(await render(write, refresh)).toBeUndefined();
    expect([await stored(), local.peek()]).toEqual([before, 0]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/"\/views" was rendered.*\(RENDER_WRITE\)/);
  });
});

it("does what is written for a document in production", async () => {
  vi.stubEnv("NODE_ENV", "production");
  await render(() => backend.set("writes:document", 1), document);
  expect(await stored()).toContainEqual(["writes:document", 1]);
  expect(warnings).toHaveLength(1);
});

it("says what is there where an update of a backend is left out", async () => {
  vi.stubEnv("NODE_ENV", "production");
  let value: unknown;
  await render(async () => (value = await backend.update("writes:views", () => 7)), refresh);
  expect(value).toBe(5);
});

it("writes what is not the work of the render: effects, hooks of actors, the life of ephemeral values", async () => {
  vi.stubEnv("NODE_ENV", "development");
  const stop = effect(() => void backend.set("writes:effect", views.value));
  const failure = await render(async () => {
    await asOwnWork(() => backend.set("writes:hook", 1));
    await backend.renew("writes:visitors:ada");
  }, document);
  stop();
  expect(failure).toBeUndefined();
  expect(await stored()).toEqual([["writes:effect", 5], ["writes:hook", 1], ...before]);
});

/** Resolves when the page has been rendered and its after() has run. */
async function afterPage(asked: Asked | Headers, write: () => Promise<unknown>): Promise<void> {
  let later = (): unknown => undefined;
  let ended: Promise<unknown> = Promise.resolve();
  function Page(): ReactElement {
    // As Next's after(): what it runs is still a part of the render that has ended.
    ended = new Promise<void>((resolve) => (later = resolve)).then(write);
    return <p />;
  }
  await inRequest(asked, () => renderServer(<Page />));
  await new Promise(setImmediate);
  later();
  await ended;
}

describe.each<[string, Asked, boolean]>([
  ["a document", document, true],
  ["a navigation from another page", { referer: "http://host/other" }, true],
  ["a navigation from the same page with other parameters", { referer: "http://host/views?of=2" }, true],
  ["a refresh", refresh, false],
  ["a refresh that Next's router asks for with its parameter", { ...refresh, asked: "/views?of=1&_rsc=abc" }, false],
  ["a refresh with a slash at the end", { referer: "http://host/views/?of=1" }, false],
  ["a refresh of a page that a middleware rewrites", { referer: "http://host/de/views", asked: "/de/views" }, false],
  [
    "a navigation to a page that a middleware rewrites",
    { referer: "http://host/views?of=1", asked: "/de/views" },
    true,
  ],
  ["a request that does not tell its sender", {}, false],
  ["a request with a sender that is no address", { referer: "nobody" }, false],
])("after() of %s", (_, asked, isDone) => {
  it.each(["production", "development"])(
    "writes in %s unless it shows again what a tab shows already",
    async (environment) => {
      vi.stubEnv("NODE_ENV", environment);
      await afterPage(asked, () => views.update(plusOne));
      expect(await stored()).toEqual([["writes:views", isDone ? 6 : 5]]);
      await afterPage(asked, () => backend.update("writes:views", (entry) => (entry as { value: number }).value + 1));
      expect(await stored()).toEqual([["writes:views", isDone ? 7 : 5]]);
    },
  );
});

it("takes the path of an app below a base path for the same page", async () => {
  vi.stubEnv("__NEXT_ROUTER_BASEPATH", "/shop");
  await afterPage({ referer: "http://host/shop/views?of=1" }, () => views.update(plusOne));
  expect(await stored()).toEqual(before);
  await afterPage({ referer: "http://host/views?of=1" }, () => views.update(plusOne));
  expect(await stored()).toEqual([["writes:views", 6]]);
});

describe("a middleware", () => {
  // As Next runs it.
  const page = "/";
  const ofRefresh = headersOf({ ...refresh, accept: "text/x-component", action: "kawa-refreshes" });
  markRefresh(headersOf({ action: "kawa-refreshes" }));

  it.each<[string, Asked | Headers, boolean]>([
    ["a document", document, true],
    ["a navigation", { referer: "http://host/other" }, true],
    ["an action of the app", { ...refresh, action: "of-the-app" }, true],
    ["a refresh of the page", refresh, false],
    ["a refresh of the route", ofRefresh, false],
  ])("writes for what shows something new: %s", async (_, asked, isDone) => {
    const writes: (() => Promise<unknown>)[] = [() => views.update(plusOne), () => backend.set("writes:views", 6)];
    for (const write of writes) {
      await views.set(5);
      await inRequest(asked, write, { page, phase: "action" });
      expect(await stored()).toEqual([["writes:views", isDone ? 6 : 5]]);
    }
  });
});

it("lets route handlers and server actions write", async () => {
  vi.stubEnv("NODE_ENV", "development");
  for (const page of ["/api/views/route", "/views/page"]) {
    await inRequest(refresh, () => views.update(plusOne), { page, phase: "action" });
    await inRequest(refresh, () => backend.update("writes:views", (entry) => (entry as { value: number }).value + 1), {
      page,
      phase: "action",
    });
  }
  expect(await stored()).toEqual([["writes:views", 9]]);
});
