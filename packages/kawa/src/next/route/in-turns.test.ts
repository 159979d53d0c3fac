import { stringify } from "devalue";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, onTestFinished, vi } from "vitest";
import { asFrom } from "../../../test/support/as-from.ts";
import { type Backend, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { namespace } from "../../core/namespace.ts";
import { keysQuery } from "../../browser/value-protocol.ts";
import { watchConnections } from "../network/connections.ts";
import { closeStreams } from "../stream/open-streams.ts";
import { createReactiveRoute } from "./reactive-route.ts";
import { turns, Turns } from "../limits/turns.ts";

watchConnections();

let backend: Backend;
let count = 0;
/** Whose turns were waited for. */
let next: MockInstance<Turns["next"]>;

beforeEach(() => {
  count += 1;
  backend = createMemoryBackend(`in-turns-${count}`);
  registerBackend(backend, { global: true });
  next = vi.spyOn(Turns.prototype, "next");
});

afterEach(async () => {
  closeStreams();
  vi.restoreAllMocks();
  unregisterBackend(backend);
  // Tabs of a stream that has ended take their turn once more. Nothing waits for ever.
  await vi.waitUntil(() => turns().size === 0);
});

const signals = {
  item: namespace("turns").family((id: string) => ({ key: `item:${id}`, default: "" }), { expose: "write" }),
};
const { GET, POST, PUT } = createReactiveRoute({ signals, maxDurationMs: 600_000, maxRequestsPerSecond: 100_000 });
const url = "http://localhost/api/reactive";
const headers = { "content-type": "application/json" };

const keysOf = (size: number, name = ""): string[] => Array.from({ length: size }, (_, n) => `turns:item:${name}${n}`);

function get(keys: readonly string[], from?: string, init: RequestInit = {}): Promise<Response> {
  const ask = (): Promise<Response> => GET(new Request(`${url}${keysQuery(keys)}`, init));
  return from === undefined ? ask() : asFrom(from, ask);
}

function post(tabs: object, from = "192.0.2.1"): Promise<Response> {
  return asFrom(from, () => POST(new Request(url, { method: "POST", headers, body: JSON.stringify({ tabs }) })));
}

const following = (keys: readonly string[]): object => ({
  tab: { route: [], values: keys.map((key) => [key, -1, ""]) },
});

async function fill(keys: readonly string[], length: number): Promise<void> {
  for (const [n, key] of keys.entries()) await backend.set(key, `${n} ${"x".repeat(length)}`);
}

describe("what costs little", () => {
  it("waits for nobody: a few keys, a small write, a small stream", async () => {
    await fill(keysOf(32), 10);
    expect((await get(keysOf(32))).status).toBe(200);
    const body = JSON.stringify({ id: "w", key: "turns:item:0", text: stringify("x".repeat(30_000)) });
    expect((await PUT(new Request(url, { method: "PUT", headers, body }))).status).toBe(204);
    const stream = await post(following(keysOf(16)));
    onTestFinished(() => stream.body!.cancel());
    expect(next).not.toHaveBeenCalled();
  });
});

describe("what costs much", () => {
  it("is read a few keys in a turn", async () => {
    await get(keysOf(200, "new"), "192.0.2.1");
    expect(next.mock.calls).toEqual(Array.from({ length: 7 }, () => ["192.0.2.1"]));
  });

  it("is written out a few long values in a turn", async () => {
    await fill(keysOf(20), 60_000);
    const { rows, later } = (await (await get(keysOf(20))).json()) as { rows: unknown[]; later: unknown[] };
    expect([rows.length, later.length]).toEqual([17, 3]);
    expect(next.mock.calls.length).toBeGreaterThanOrEqual(5);
  });

  it("is read no further once the browser has gone", async () => {
    const browser = new AbortController();
    const load = vi.spyOn(backend, "load").mockImplementationOnce(async () => browser.abort());
    await get(keysOf(200, "left"), "192.0.2.1", { signal: browser.signal });
    expect(load).toHaveBeenCalledTimes(1);
  });

  it("is read no further once the answer is full", async () => {
    await fill(keysOf(200), 60_000);
    next.mockClear();
    const load = vi.spyOn(backend, "load");
    const { later } = (await (await get(keysOf(200))).json()) as { later: unknown[] };
    expect(later).toHaveLength(183);
    expect(load.mock.calls.flatMap(([keys]) => keys)).toHaveLength(32);
  });

  it("is parsed when it is somebody's turn", async () => {
    const parse = vi.spyOn(JSON, "parse");
    const { promise, resolve } = Promise.withResolvers<void>();
    next.mockImplementationOnce(() => promise);
    const asked = post(
      Object.fromEntries(
        Array.from({ length: 60 }, (_, n) => [
          `tab ${n}`,
          { route: [], values: keysOf(100).map((key) => [key, -1, ""]) },
        ]),
      ),
    );
    await vi.waitUntil(() => next.mock.calls.length > 0);
    expect(parse).not.toHaveBeenCalled();
    resolve();
    const stream = await asked;
    onTestFinished(() => stream.body!.cancel());
    expect(parse).toHaveBeenCalled();
  });

  it("is looked for in turns: 2,000 keys of a stream", async () => {
    const tabs = Object.fromEntries(
      Array.from({ length: 4 }, (_, n) => [
        `tab ${n}`,
        { route: [], values: keysOf(500, `${n}-`).map((key) => [key, -1, ""]) },
      ]),
    );
    const stream = await post(tabs);
    onTestFinished(() => stream.body!.cancel());
    expect(next.mock.calls.length).toBeGreaterThanOrEqual(7);
  });

  it("is sent an event in a turn: 50 long values of a stream", async () => {
    await fill(keysOf(50), 60_000);
    let held: (() => void)[] = [];
    next.mockImplementation(() => new Promise((resolve) => held.push(resolve)));
    const stream = await post(following(keysOf(50)));
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
    onTestFinished(() => reader.cancel());
    let text = "";
    const reading = (async () => {
      for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
    })();
    const eventCount = (): number => text.split("event: values").length - 1;
    for (let turn = 0; eventCount() < 50;) {
      expect(eventCount()).toBeLessThanOrEqual(turn);
      await vi.waitUntil(() => held.length > 0 || eventCount() === 50);
      const waiting = held;
      held = [];
      turn += waiting.length;
      for (const resolve of waiting) resolve();
      await new Promise(setImmediate);
    }
    await reader.cancel();
    await reading;
    for (const resolve of held) resolve();
  });
});

describe("who asks for much", () => {
  it("waits for itself: another client's 200 keys are read before most of its 2,000", async () => {
    const order: string[] = [];
    const many = Array.from({ length: 10 }, (_, n) =>
      get(keysOf(200, `many-${n}-`), "192.0.2.8").then(() => order.push("many")),
    );
    const few = get(keysOf(200, "few-"), "192.0.2.9").then(() => order.push("few"));
    await Promise.all([...many, few]);
    expect(order).toHaveLength(11);
    expect(order.indexOf("few")).toBeLessThanOrEqual(2);
  });
});
