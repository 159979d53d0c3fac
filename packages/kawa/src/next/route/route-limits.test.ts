import { stringify } from "devalue";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { asAnswering, asFrom } from "../../../test/support/as-from.ts";
import { answerBy } from "../../../test/support/route-server.ts";
import { type Backend, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { collection } from "../../core/collection.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { namespace } from "../../core/namespace.ts";
import { keysQuery, type ReadReply, type ValueRow } from "../../browser/value-protocol.ts";
import { formatVersions, toShownVersions } from "../../core/value/version.ts";
import { knownRenders } from "../../react/render/known-renders.ts";
import { RenderReads } from "../../react/render/render-reads.ts";
import { watchConnections } from "../network/connections.ts";
import { hub } from "../stream/hub.ts";
import { keptKeys } from "../stream/renew-presence.ts";
import { closeStreams, streamCount } from "../stream/open-streams.ts";
import { quotas } from "../limits/quota.ts";
import { createReactiveRoute, type ReactiveRouteOptions } from "./reactive-route.ts";
import type { StreamEvents, Subscription } from "../protocol/stream-protocol.ts";
import { writeOutcomes } from "../values/write-outcomes.ts";

watchConnections();

let backend: Backend;
let count = 0;

beforeEach(() => {
  count += 1;
  backend = createMemoryBackend(`limits-${count}`);
  registerBackend(backend, { global: true });
  for (const name of ["client-rates", "written-keys", "asked-queries", "write-outcomes"])
    Reflect.deleteProperty(globalThis, Symbol.for(`kawa.${name}`));
});

afterEach(() => {
  closeStreams();
  vi.useRealTimers();
  vi.restoreAllMocks();
  unregisterBackend(backend);
  const held = Object.entries(quotas()).filter(([, { total }]) => total !== 0);
  if (held.length > 0) throw new Error(`Not given back: ${held.map(([name]) => name).join(", ")}.`);
});

const app = namespace("limits");
const signals = {
  item: app.family((id: string) => ({ key: `item:${id}`, default: "" }), { expose: "write" }),
  visitor: app.family((id: string) => ({ key: `in:${id}`, default: "" }), { expose: "write", ttlMs: 3_000 }),
};

/** As long as a busy machine may take. */
const patient = { timeout: 20_000 } as const;
/** What waits for a time; sockets go on. */
const inTime = ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "performance"] as const;
const json = { "content-type": "application/json" };
/** Streams go through the body of their answers. */
const byBody: ReactiveRouteOptions = { signals, maxDurationMs: 600_000 };

type Tabs = Record<string, Subscription>;

function post(tabs: Tabs, options: ReactiveRouteOptions = byBody): Promise<Response> {
  const { POST } = createReactiveRoute(options);
  return POST(
    new Request("http://localhost/api/reactive", { method: "POST", headers: json, body: JSON.stringify({ tabs }) }),
  );
}

function put(key: string, value: unknown, options: ReactiveRouteOptions = { signals }): Promise<Response> {
  const { PUT } = createReactiveRoute(options);
  const body = JSON.stringify({ id: `${Math.random()}`, key, text: stringify(value) });
  return PUT(new Request("http://localhost/api/reactive", { method: "PUT", headers: json, body }));
}

function get(keys: readonly string[], options: ReactiveRouteOptions = { signals }): Promise<Response> {
  const { GET } = createReactiveRoute(options);
  return GET(new Request(`http://localhost/api/reactive${keysQuery(keys)}`));
}

/** Reads a stream for as long as it is open. */
function follow({ body }: Response): { events(name: keyof StreamEvents): unknown[] } {
  let text = "";
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  onTestFinished(() => reader.cancel().catch(() => {}));
  void (async () => {
    for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
  })();
  return {
    events: (name) =>
      [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].flatMap(([, own, data]) =>
        own === name ? [JSON.parse(data!)] : [],
      ),
  };
}

const tabsOf = (size: number, tab: (n: number) => Subscription): Tabs =>
  Object.fromEntries(Array.from({ length: size }, (_, n) => [`tab ${n}`, tab(n)]));
const numbers = (size: number): number[] => Array.from({ length: size }, (_, n) => n);

/** The tabs that were told of a change. */
function changedTabs(events: readonly unknown[]): ReadonlySet<string> {
  return new Set(events.flatMap((data) => Object.keys((data as StreamEvents["change"]).tabs)));
}

describe("keys that streams keep", () => {
  it("are asked for once while nobody has them, however many streams keep them", async () => {
    vi.useFakeTimers({ toFake: [...inTime] });
    const renew = vi.spyOn(backend, "renew");
    const tabs = tabsOf(64, (n) => ({ route: [], kept: numbers(20).map((k) => `limits:in:${n}-${k}`) }));
    for (let stream = 0; stream < 30; stream += 1) {
      const response = await asFrom(`192.0.2.${stream}`, () => post(tabs));
      expect(response.status).toBe(200);
      follow(response);
    }
    await vi.advanceTimersByTimeAsync(60_000);
    expect(keptKeys().size).toBe(64);
    expect(renew).toHaveBeenCalledTimes(64);
    expect(streamCount()).toBe(30);
  });

  it("are renewed once for all streams that keep them, from the moment that they have values", async () => {
    vi.useFakeTimers({ toFake: [...inTime] });
    const renew = vi.spyOn(backend, "renew");
    for (let stream = 0; stream < 10; stream += 1) follow(await post({ tab: { route: [], kept: ["limits:in:ada"] } }));
    await vi.advanceTimersByTimeAsync(10_000);
    renew.mockClear();
    await signals.visitor("ada").set("here");
    await vi.advanceTimersByTimeAsync(30_000);
    expect(renew).toHaveBeenCalledTimes(30);
    expect(signals.visitor("ada").value).toBe("here");
  });

  it("are no more than a stream and a client may keep, and the tabs that get less are told", async () => {
    const options = { ...byBody, session: () => ({ id: "ada" }) };
    const keeping = (stream: number): Tabs =>
      tabsOf(4, (n) => ({ route: [], kept: numbers(20).map((k) => `limits:in:${stream}-${n}-${k}`) }));
    const first = follow(await post(keeping(0), options));
    await vi.waitUntil(() => first.events("limited").length > 0, patient);
    // The tab that has spoken last comes first.
    expect(first.events("limited")).toEqual([{ tabs: ["tab 0"] }]);
    expect(quotas().kept.total).toBe(64);
    for (let stream = 1; stream < 6; stream += 1) follow(await post(keeping(stream), options));
    expect(quotas().kept.total).toBe(256);
    follow(await asFrom("192.0.2.77", () => post(keeping(9), { ...byBody, session: () => ({ id: "bob" }) })));
    expect(quotas().kept.total).toBe(256 + 64);
  });
});

describe("values that a stream carries", () => {
  const knownOf = (keys: readonly string[]): Subscription => ({ route: [], values: keys.map((key) => [key, -1, ""]) });

  it("are of no more different keys than a stream may have, and the tabs that get less are told", async () => {
    const tabs = tabsOf(28, (n) => knownOf(numbers(480).map((k) => `limits:item:${n}-${k}`)));
    const { events } = follow(await post(tabs));
    expect(quotas().values.total).toBe(2_000);
    await vi.waitUntil(
      () => events("values").flatMap((event) => (event as { rows: ValueRow[] }).rows).length === 2_000,
      patient,
    );
    const [{ tabs: limited }] = events("limited") as [{ tabs: string[] }];
    expect(limited).toHaveLength(24);
    expect(limited).not.toContain("tab 27");
  });

  it.each([
    ["in development the log names the tabs", "development", [[expect.stringContaining("docs/limits.md"), ["tab 0"]]]],
    ["in production the log does not grow", "production", []],
  ])("are left out beyond that: %s", async (_, mode, reports) => {
    vi.stubEnv("NODE_ENV", mode);
    onTestFinished(() => void vi.unstubAllEnvs());
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.seldom-reported"));
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    follow(await post(tabsOf(6, (n) => knownOf(numbers(400).map((k) => `limits:item:${n}-${k}`)))));
    expect(report.mock.calls).toEqual(reports);
  });

  it("are looked for as often as a stream may name different keys, also where none of them is exposed", async () => {
    const find = vi.fn<(id: string) => string>((id) => id);
    const strange = namespace("strange").family((id: string) => ({ key: `${find(id)}`, default: 0 }), {
      expose: "read",
    });
    find.mockClear();
    const tabs = tabsOf(28, (n) => knownOf(numbers(480).map((k) => `strange:${n}-${k}`)));
    follow(await post(tabs, { ...byBody, signals: { strange } }));
    expect(find.mock.calls.length).toBeLessThanOrEqual(2_000);
  });

  it("are no more than a session may follow, over all of its streams", async () => {
    const options = { ...byBody, session: () => ({ id: "ada" }) };
    for (let stream = 0; stream < 7; stream += 1) {
      follow(
        await asFrom(`192.0.2.${stream}`, () =>
          post(
            tabsOf(4, (n) => knownOf(numbers(500).map((k) => `limits:item:${stream}-${n}-${k}`))),
            options,
          ),
        ),
      );
      Reflect.deleteProperty(globalThis, Symbol.for("kawa.client-rates"));
    }
    expect(quotas().values.total).toBe(10_000);
  });
});

describe("renders that a stream names", () => {
  it("that nobody knows are followed once a tab", async () => {
    const watch = vi.spyOn(hub(), "watch");
    const { events } = follow(
      await post(tabsOf(64, (n) => ({ route: numbers(24).map((k) => [`unknown-${n}-${k}`, `v=e@${k}`]) }))),
    );
    await vi.waitFor(() => expect(watch).toHaveBeenCalledTimes(64), patient);
    await backend.set("anything", 1);
    await vi.waitFor(() => expect(changedTabs(events("change")).size).toBe(64), patient);
  });

  it("that is named often is followed once a tab, and with no more keys than a stream may follow", async () => {
    const render = new RenderReads("a-render-of-this-server");
    render.versions.set(backend.id, backend.version);
    for (const k of numbers(900)) render.add(backend.id, `read ${k}`);
    knownRenders().add(render);
    const versions = formatVersions(toShownVersions([backend.version]));
    const watch = vi.spyOn(hub(), "watch");
    const { events } = follow(await post(tabsOf(64, () => ({ route: numbers(24).map(() => [render.id, versions]) }))));
    await vi.waitFor(() => expect(watch).toHaveBeenCalledTimes(64), patient);
    expect(quotas().reads.total).toBe(22 * 900);
    // Those beyond hear of every change; on a slow machine they may be told again.
    await backend.set("not read", 1);
    await vi.waitUntil(() => changedTabs(events("change")).size >= 64 - 22, patient);
    for (const _ of numbers(20)) await new Promise(setImmediate);
    expect(changedTabs(events("change")).size).toBe(64 - 22);
    await backend.set("read 5", 1);
    await vi.waitFor(() => expect(changedTabs(events("change")).size).toBe(64), patient);
  });
});

type Method = "GET" | "POST" | "PUT";

/** A server with the route, and connections to it that do not read before they are told to. */
async function serve(options: ReactiveRouteOptions = { signals }) {
  const handlers = createReactiveRoute(options);
  const server = createServer(
    (request, response) => void answerBy(handlers[request.method as Method], request, response),
  );
  const sockets: Socket[] = [];
  server.on("connection", (socket) => void sockets.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await once(server.close(), "close");
  });
  return {
    /** The server's end of each connection. */
    sockets,
    unread: () => sockets.reduce((sum, socket) => sum + socket.writableLength, 0),
    send(head: string, body = ""): Socket {
      const client = connect(port, "127.0.0.1").pause();
      client.on("error", () => {});
      client.write(
        `${head}\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
      onTestFinished(() => void client.destroy());
      return client;
    },
  };
}

async function setItems(size: number, length: number): Promise<string[]> {
  const keys = numbers(size).map((n) => `limits:item:${n}`);
  for (const [n, key] of keys.entries()) await backend.set(key, `${n} ${"x".repeat(length)}`);
  return keys;
}

describe("a stream that nobody reads", () => {
  const bodyFor = (keys: readonly string[]): string =>
    JSON.stringify({ tabs: { tab: { route: [], values: keys.map((key) => [key, -1, ""]) } } });
  const moment = (): Promise<void> => new Promise(setImmediate);

  it.each([
    ["on its connection", { signals }],
    ["in the body of an answer", byBody],
  ])("%s buffers little, and is ended after 30 s", async (_, options) => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    const keys = await setItems(100, 120_000);
    const { send, unread, sockets } = await serve(options);
    for (let n = 0; n < 3; n += 1) send("POST / HTTP/1.1", bodyFor(keys));
    await vi.waitUntil(
      () => streamCount() === 3 && sockets.every(({ writableNeedDrain }) => writableNeedDrain),
      patient,
    );
    for (let n = 0; n < 50; n += 1) {
      await backend.set(keys[n]!, `new ${"y".repeat(120_000)}`);
      await moment();
    }
    expect(unread()).toBeLessThan(3 * 300_000);
    vi.advanceTimersByTime(29_000);
    expect(streamCount()).toBe(3);
    vi.advanceTimersByTime(3_000);
    expect(streamCount()).toBe(0);
    await vi.waitUntil(() => sockets.every(({ destroyed }) => destroyed), patient);
  });

  it("has all values when somebody reads it again, the newest of each", async () => {
    const keys = await setItems(60, 200_000);
    const { send, sockets } = await serve();
    const client = send("POST / HTTP/1.1", bodyFor(keys));
    await vi.waitUntil(() => streamCount() === 1 && sockets[0]!.writableNeedDrain, patient);
    await backend.set(keys[59]!, "the last");
    const rows = new Map<string, string | null>();
    let text = "";
    client.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      const events = text.split("\n\n");
      text = events.pop()!;
      for (const event of events.filter((one) => one.startsWith("event: values"))) {
        const { rows: sent } = JSON.parse(event.slice(event.indexOf("{"))) as { rows: ValueRow[] };
        for (const [key, value] of sent) rows.set(key, value);
      }
    });
    client.resume();
    await vi.waitUntil(() => rows.get(keys[59]!) === stringify("the last"), patient);
    expect([...rows.keys()].toSorted()).toEqual(keys.toSorted());
  });
});

describe("reads", () => {
  it("are answered with as much as fits, and say what is to be asked for again", async () => {
    const keys = await setItems(20, 200_000);
    const response = await get([...keys, "limits:secret"]);
    const reply = (await response.json()) as ReadReply;
    expect(reply.rows).toHaveLength(5);
    expect(reply.refused).toEqual(["limits:secret"]);
    expect(reply.later).toEqual(keys.slice(5));
    const seen = [...reply.rows.map(([key]) => key)];
    for (let later = reply.later; later;) {
      const next = (await (await get(later)).json()) as ReadReply;
      seen.push(...next.rows.map(([key]) => key));
      later = next.later;
    }
    expect(seen).toEqual(keys);
  });

  it("that a client does not take are limited in what they hold, and end with their connections", async () => {
    const keys = await setItems(5, 200_000);
    const options = { signals, session: () => ({ id: "ada" }) };
    const responses: { emit(name: "close"): boolean; setTimeout: ReturnType<typeof vi.fn> }[] = [];
    const destroy = vi.fn<() => void>();
    const statuses: number[] = [];
    for (let n = 0; n < 20; n += 1) {
      const response = Object.assign(new EventEmitter(), {
        setTimeout: vi.fn<(ms: number, onTimeout: () => void) => void>(),
      });
      responses.push(response);
      statuses.push(
        (await asAnswering({ response, socket: { destroy }, address: "192.0.2.1" }, () => get(keys, options))).status,
      );
    }
    expect(statuses).toEqual([...numbers(8).map(() => 200), ...numbers(12).map(() => 429)]);
    expect(quotas().answers.total).toBeLessThanOrEqual(8 * 1024 * 1024);
    const [ms, onTimeout] = responses[0]!.setTimeout.mock.calls[0] as [number, () => void];
    onTimeout();
    expect([ms, destroy.mock.calls.length]).toEqual([30_000, 1]);
    for (const response of responses) response.emit("close");
    expect(quotas().answers.total).toBe(0);
  });

  it("cost more where they ask for more", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const options = { signals, session: () => ({ id: "ada" }), maxRequestsPerSecond: 5 };
    const statuses: number[] = [];
    for (let n = 0; n < 5; n += 1)
      statuses.push(
        (
          await get(
            numbers(200).map((k) => `limits:item:${n}-${k}`),
            options,
          )
        ).status,
      );
    expect(statuses).toEqual([200, 200, 429, 429, 429]);
    expect((await get(["limits:item:1"], options)).status).toBe(200);
  });
});

describe("a body that trickles", () => {
  /** The rest of it never comes. */
  function trickling(method: Method, options: ReactiveRouteOptions = { signals }): Promise<Response> {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"tabs"')),
    });
    const init = { method, headers: json, body, duplex: "half" } as RequestInit;
    return createReactiveRoute(options)[method](new Request("http://localhost/api/reactive", init));
  }

  it.each(["POST", "PUT"] as const)("of a %s is given up after 10 s, with its connection", async (method) => {
    vi.useFakeTimers({ toFake: [...inTime] });
    const answer = trickling(method);
    await vi.advanceTimersByTimeAsync(9_999);
    expect(quotas().bodies.total).toBeGreaterThan(0);
    await vi.advanceTimersByTimeAsync(1);
    const { status, headers } = await answer;
    expect([status, headers.get("connection"), headers.get("retry-after")]).toEqual([408, "close", "1"]);
  });

  it("counts with all it may become: others of that address are refused at once", async () => {
    vi.useFakeTimers({ toFake: [...inTime] });
    const waiting = numbers(32).map(() => asFrom("192.0.2.1", () => trickling("POST")));
    const refused = await asFrom("192.0.2.1", () => trickling("POST"));
    expect(refused.status).toBe(429);
    expect((await asFrom("192.0.2.2", () => put("limits:item:1", "x"))).status).toBe(204);
    await vi.advanceTimersByTimeAsync(10_000);
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual(numbers(32).map(() => 408));
  });
});

describe("who is counted", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));

  const flooded = async (address: string, options: ReactiveRouteOptions, tries = 60): Promise<number> => {
    let admitted = 0;
    for (let n = 0; n < tries; n += 1)
      if ((await asFrom(address, () => get(["limits:item:1"], options))).ok) admitted += 1;
    return admitted;
  };

  it("is an address, whatever sessions it comes with", async () => {
    let minted = 0;
    const options = { signals, session: () => ({ id: `minted ${(minted += 1)}` }), maxRequestsPerSecond: 2 };
    // Four seconds of four times the rate of a session; a read costs a little more than 1.
    expect(await flooded("192.0.2.1", options)).toBe(30);
    expect(await flooded("192.0.2.2", options, 1)).toBe(1);
  });

  it("is a session, whatever addresses it comes from", async () => {
    const options = { signals, session: () => ({ id: "ada" }), maxRequestsPerSecond: 2 };
    expect(await flooded("192.0.2.1", options, 5)).toBe(5);
    expect(await flooded("192.0.2.2", options)).toBe(2);
  });

  it("is no session whose id somebody calls an address", async () => {
    const anonymous = { signals, maxRequestsPerSecond: 1 };
    await flooded("192.0.2.9", anonymous);
    const options = { signals, session: () => ({ id: "192.0.2.9" }), maxRequestsPerSecond: 1 };
    expect(await flooded("192.0.2.10", options, 3)).toBe(3);
  });

  it("is asked for a session only after its address has room, and its body is not read before", async () => {
    const session = vi.fn<() => { id: string }>(() => ({ id: "ada" }));
    const options = { signals, session, maxRequestsPerSecond: 1, maxRequestsPerSecondOfAddress: 1 };
    await flooded("192.0.2.1", options);
    session.mockClear();
    const body = new ReadableStream({ pull: () => expect.unreachable("read") }, { highWaterMark: 0 });
    const { PUT } = createReactiveRoute(options);
    const init = { method: "PUT", headers: json, body, duplex: "half" } as RequestInit;
    const { status, headers } = await asFrom("192.0.2.1", () => PUT(new Request("http://localhost/", init)));
    expect([status, headers.get("connection"), session.mock.calls.length]).toEqual([429, "close", 0]);
  });

  it("pays for a stream by what it asks for", async () => {
    const options = { ...byBody, session: () => ({ id: "ada" }), maxRequestsPerSecond: 10 };
    const tabs = tabsOf(1, () => ({
      route: [],
      values: numbers(400).map((k) => [`limits:item:${k}`, -1, ""] as const),
    }));
    const statuses: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      const response = await post(tabs, options);
      statuses.push(response.status);
      await response.body!.cancel();
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
  });

  it("pays for a body by its length, before anybody looks into it", async () => {
    const parse = vi.spyOn(JSON, "parse");
    const options = { ...byBody, maxRequestsPerSecondOfAddress: 10 };
    const garbage = `{"tabs":{},"more":"${"x".repeat(500_000)}"}`;
    const { POST } = createReactiveRoute(options);
    const statuses: number[] = [];
    for (let n = 0; n < 5; n += 1) {
      const request = new Request("http://localhost/", { method: "POST", headers: json, body: garbage });
      const response = await asFrom("192.0.2.50", () => POST(request));
      statuses.push(response.status);
    }
    expect(statuses.filter((status) => status === 429)).toHaveLength(3);
    expect(parse.mock.calls.filter(([text]) => text.length > 400_000)).toHaveLength(2);
  });
});

describe("queries of collections", () => {
  const asked = collection<{ n: number }>(app, "asked", { indexes: { byN: ["n"] }, expose: "read" });
  const options = { signals: { asked }, session: () => ({ id: "ada" }), maxRequestsPerSecond: 10_000 };
  const askFor = (n: number): Promise<Response> =>
    asFrom("192.0.2.1", async () =>
      createReactiveRoute(options).GET(
        new Request(`http://host/api/reactive${keysQuery([asked.count({ where: { n } }).key])}`),
      ),
    );

  it("are no more than so many new ones a second: each is kept up to date from then on", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    for (let n = 0; n < 500; n += 1) expect((await askFor(n)).status).toBe(200);
    const refused = await askFor(500);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]);
    const tabs: Tabs = { tab: { route: [], values: [[asked.count({ where: { n: 501 } }).key, -1, ""]] } };
    const { events } = follow(await asFrom("192.0.2.1", () => post(tabs, { ...byBody, ...options })));
    await vi.waitUntil(() => events("limited").length > 0, patient);
    expect((await askFor(5)).status).toBe(200);
    vi.advanceTimersByTime(500);
    expect((await askFor(500)).status).toBe(200);
  });
});

describe("what writes leave behind", () => {
  it("is no more than so many different keys of a family an hour, for a session and an address", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    const options = { signals, session: () => ({ id: "ada" }), maxRequestsPerSecond: 10_000 };
    for (let n = 0; n < 2_000; n += 1) await asFrom("192.0.2.1", () => put(`limits:item:${n}`, "x", options));
    const putNew = (): Promise<Response> => asFrom("192.0.2.1", () => put("limits:item:new", "x", options));
    vi.advanceTimersByTime(15 * 60 * 1000);
    const refused = await putNew();
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "2700"]);
    const told = {
      code: "RATE_LIMITED",
      error: expect.stringContaining("Please try again in 45 minutes."),
      retryAfterMs: 2_700_000,
    };
    expect(await refused.json()).toEqual(told);
    expect((await asFrom("192.0.2.1", () => put("limits:item:5", "y", options))).status).toBe(204);
    expect((await asFrom("192.0.2.1", () => put("limits:in:ephemeral", "y", options))).status).toBe(204);
    expect(await backend.keys("limits:item:new")).toEqual([]);
    vi.advanceTimersByTime(2_700_000 - 1);
    expect((await putNew()).headers.get("retry-after")).toBe("1");
    vi.advanceTimersByTime(1);
    expect((await putNew()).status).toBe(204);
  });

  it("is no more than so many outcomes of an address, and takes none of those of others", async () => {
    const accepted = Promise.resolve({ isConflict: false });
    writeOutcomes().add("of another", "192.0.2.2", accepted);
    for (let n = 0; n < 5_000; n += 1) writeOutcomes().add(`w${n}`, "192.0.2.1", accepted);
    expect(writeOutcomes().size).toBe(2_001);
    expect([writeOutcomes().find("of another"), writeOutcomes().find("w4999"), writeOutcomes().find("w2999")]).toEqual([
      accepted,
      accepted,
      undefined,
    ]);
  });
});

describe("each answer", () => {
  it.each<[string, () => Promise<Response>, number]>([
    ["with values", () => get(["limits:item:1"]), 200],
    ["to a write", () => put("limits:item:1", "x"), 204],
    ["that refuses a read", () => get([]), 400],
    ["that refuses a write", () => put("limits:no", "x"), 404],
    ["that refuses a stream", () => post({ "": { route: "no" } } as never), 400],
    ["that is a stream", () => post({}), 200],
  ])("%s is kept by nobody and taken for nothing else", async (_, ask, status) => {
    const response = await ask();
    expect(response.status).toBe(status);
    expect(response.headers.get("cache-control")).toContain("no-store");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    await response.body?.cancel();
  });

  it("that refuses a stream says what people are to know, and nothing for developers", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const malformed = (await (await post({ "": { route: "no" } } as never)).json()) as { error: string; code: string };
    expect(malformed).toEqual({
      code: "REQUEST_INVALID",
      error: "This page and the server do not understand each other. Please load the page again.",
    });
    const full = await post({}, { ...byBody, maxStreams: 0 });
    expect([full.status, full.headers.get("retry-after")]).toEqual([503, "10"]);
    expect(await full.json()).toEqual({
      code: "STREAMS_EXHAUSTED",
      error: "Too many pages are open at the moment. This one does not change until there is room.",
    });
  });
});
