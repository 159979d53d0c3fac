import { AsyncLocalStorage } from "node:async_hooks";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Backend, knownBackends, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { detached } from "../../core/process/detached.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { formatVersions, toShownVersions } from "../../core/value/version.ts";
import { readStreamToken } from "../stream/stream-token.ts";
import { knownRenders } from "../../react/render/known-renders.ts";
import { RenderReads } from "../../react/render/render-reads.ts";
import { asFrom } from "../../../test/support/as-from.ts";
import { answerBy } from "../../../test/support/route-server.ts";
import { whenCollected } from "../../../test/support/when-collected.ts";
import { watchConnections } from "../network/connections.ts";
import { hub } from "../stream/hub.ts";
import { closeStreams, streamCount } from "../stream/open-streams.ts";
import { createReactiveRoute, type ReactiveRouteOptions } from "./reactive-route.ts";
import type { StreamEventName, StreamEvents, Subscription } from "../protocol/stream-protocol.ts";

vi.stubEnv("KAWA_SECRET", "a secret of at least sixteen characters");

// However busy the machine of the test is.
vi.mock("../stream/jitter.ts", () => ({
  jitterMsFor: (tabCount: number, maxSpreadMs: number) => (tabCount > 20 ? maxSpreadMs : 0),
}));

// As the start of a server does.
detached(() => {});

let backend: Backend;
let count = 0;

beforeEach(() => {
  // Of the clock of another test.
  Reflect.deleteProperty(globalThis, Symbol.for("kawa.client-rates"));
  backend = createMemoryBackend("stream-test");
  registerBackend(backend, { global: false });
});

afterEach(() => {
  closeStreams();
  vi.useRealTimers();
  for (const each of knownBackends().values()) unregisterBackend(each);
});

/** What waits for a time; the rest of Node goes on. */
const inTime = ["setInterval", "clearInterval", "setTimeout", "clearTimeout", "Date", "performance"] as const;

type Event = { [N in StreamEventName]: { name: N; data: StreamEvents[N] } }[StreamEventName];

type OpenOptions = {
  tabs?: Record<string, Subscription>;
  headers?: HeadersInit;
  body?: string;
  options?: ReactiveRouteOptions;
  signal?: AbortSignal;
};

function send({
  tabs = { tab: showing("") },
  headers = {},
  body = JSON.stringify({ tabs }),
  options = {},
  signal,
}: OpenOptions = {}) {
  const { POST } = createReactiveRoute(options);
  const init = {
    method: "POST",
    body,
    headers: { "content-type": "application/json", ...headers },
    ...(signal ? { signal } : {}),
  };
  return POST(new Request("http://host/api/reactive", init));
}

async function open(options: OpenOptions = {}) {
  const abort = new AbortController();
  const response = await send({ signal: abort.signal, ...options });
  const reader = response.body!.getReader();
  onTestFinished(() => reader.cancel().catch(() => {}));
  const waiting: Event[] = [];
  return {
    abort,
    response,
    reader,
    /** The next event that is not a token; undefined at the end. */
    async next(): Promise<Event | undefined> {
      for (;;) {
        const event = waiting.shift();
        if (event && event.name !== "token") return event;
        if (event) continue;
        const { value, done } = await reader.read();
        if (done) return undefined;
        waiting.push(...parseEvents(new TextDecoder().decode(value)));
      }
    },
    async token(): Promise<string> {
      for (;;) {
        const found = parseEvents(new TextDecoder().decode((await reader.read()).value)).find(
          ({ name }) => name === "token",
        );
        if (found?.name === "token") return found.data.token;
      }
    },
  };
}

function parseEvents(text: string): Event[] {
  expect(text).toMatch(/^(event: \w+\ndata: .*\n\n)+$/);
  return [...text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)].map(
    ([, name, data]) => ({ name, data: JSON.parse(data!) }) as Event,
  );
}

/** A render of this server that has read keys, and shows the present. */
function rendered(...keys: string[]): string {
  const render = new RenderReads(`render-${(count += 1)}-of-this-server`);
  render.versions.set(backend.id, backend.version);
  for (const key of keys) render.add(backend.id, key);
  render.shownText = formatVersions(toShownVersions(render.versions.values()));
  knownRenders().add(render);
  return render.id;
}

const now = (): string => formatVersions(hub().versions);
const showing = (id: string, versions = now()): Subscription => ({ route: [[id, versions]] });
const changeOf = (tabs: Record<string, "page" | "route">, versions = now()): Event => {
  const parts = Object.entries(tabs).map(([tab, what]) => [tab, [what, versions]]);
  return { name: "change", data: { tabs: Object.fromEntries(parts), spreadMs: 0 } };
};
const turn = (): Promise<void> => new Promise(setImmediate);

describe("the stream", () => {
  it("is an event stream that no proxy stores, changes or holds back", async () => {
    const { response } = await open();
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-store, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
      connection: "close",
    });
  });

  it("begins with hello, which tells no more of the server than when to expect its next word", async () => {
    const { next } = await open();
    expect(await next()).toEqual({ name: "hello", data: { withinMs: 2_500 } });
  });

  it("tells a change by its version, and neither key nor value", async () => {
    const { next } = await open({ tabs: { tab: showing(rendered("secret key")) } });
    await next();
    await backend.set("secret key", "secret value");
    const event = await next();
    expect(event).toEqual(changeOf({ tab: "route" }));
    expect(JSON.stringify(event)).not.toContain("secret");
  });

  it("makes one event of all changes of a turn and of all tabs, with the last version", async () => {
    const { next } = await open({
      tabs: { one: showing(rendered("a")), two: showing(rendered("a", "b")), three: showing(rendered("c")) },
    });
    await next();
    await Promise.all(Array.from({ length: 50 }, (_, n) => backend.set("a", n)));
    expect(await next()).toEqual(changeOf({ one: "route", two: "route" }));
    await backend.set("c", "later");
    expect(await next()).toEqual(changeOf({ three: "route" }));
  });

  it("makes one event of all changes while the browser does not read", async () => {
    const { next } = await open();
    for (let n = 0; n < 20; n += 1) {
      await backend.set("a", n);
      await turn();
    }
    expect((await next())?.name).toBe("hello");
    expect(await next()).toEqual(changeOf({ tab: "route" }));
    await backend.set("a", "later");
    expect(await next()).toEqual(changeOf({ tab: "route" }));
  });

  it("is silent about keys that no tab has read", async () => {
    const { next } = await open({ tabs: { tab: showing(rendered("counter")) } });
    await next();
    await backend.set("theme", "light");
    await turn();
    await backend.set("counter", 1);
    const event = await next();
    expect(event).toEqual(changeOf({ tab: "route" }));
  });

  it("tells everything to a tab whose render nobody here knows", async () => {
    const { next } = await open({
      tabs: {
        tab: {
          route: [
            [rendered("counter"), now()],
            ["of-another-server", now()],
          ],
        },
      },
    });
    await next();
    expect(await next()).toEqual({ name: "unknown", data: {} });
    await backend.set("theme", "light");
    expect(await next()).toEqual(changeOf({ tab: "route" }));
  });

  it("tells what a page shows by itself apart from what its layouts show", async () => {
    const [layout, page] = [rendered("in both", "in the layout"), rendered("in both", "in the page")];
    const { next } = await open({ tabs: { tab: { route: [[layout, now()]], page: [page, now()] } } });
    await next();
    await backend.set("in the page", 1);
    expect(await next()).toEqual(changeOf({ tab: "page" }));
    await backend.set("in the layout", 1);
    expect(await next()).toEqual(changeOf({ tab: "route" }));
    await backend.set("in both", 1);
    expect(await next()).toEqual(changeOf({ tab: "page" }));
    await Promise.all([backend.set("in the layout", 2), backend.set("in the page", 2)]);
    expect(await next()).toEqual(changeOf({ tab: "route" }));
  });

  it("tries the page first where one render made both, and then tells what only the layouts show", async () => {
    const both = rendered("in the layout", "in the page");
    const shown = now();
    const before = await open({ tabs: { tab: { route: [[both, shown]], page: [both, shown] } } });
    await before.next();
    await Promise.all([backend.set("in the layout", 1), backend.set("in the page", 1)]);
    expect(await before.next()).toEqual(changeOf({ tab: "page" }));

    const after = await open({ tabs: { tab: { route: [[both, shown]], page: [rendered("in the page"), now()] } } });
    await after.next();
    expect(await after.next()).toEqual(changeOf({ tab: "route" }));
  });

  it("does not render the whole route for what the page has shown already", async () => {
    const both = rendered("in the page");
    const shown = now();
    await backend.set("in the page", 1);
    const { next } = await open({ tabs: { tab: { route: [[both, shown]], page: [rendered("in the page"), now()] } } });
    await next();
    await turn();
    await backend.set("in the page", 2);
    expect(await next()).toEqual(changeOf({ tab: "page" }));
  });

  it("tells at once what has changed since the page was rendered", async () => {
    const id = rendered("a");
    await backend.set("a", 1);
    const { next } = await open({ tabs: { tab: showing(id) } });
    expect((await next())?.name).toBe("hello");
    expect(await next()).toEqual(changeOf({ tab: "route" }));
  });

  it.each(["", "nonsense", "other@5"])("tells an unknown render that shows %j to render again", async (versions) => {
    const { next } = await open({ tabs: { tab: showing("unknown", versions) } });
    await next();
    expect((await next())?.name).toBe("unknown");
    expect(await next()).toEqual(changeOf({ tab: "route" }, ""));
  });

  describe.each([2, 50])("where this process knows %i backends", (backendCount) => {
    function others(): Backend[] {
      const made = Array.from({ length: backendCount - 1 }, (_, n) =>
        createMemoryBackend(`tenant-${n}-of-${(count += 1)}`),
      );
      for (const one of made) registerBackend(one, { global: false });
      onTestFinished(() => made.forEach(unregisterBackend));
      return made;
    }

    it("tells a tab the versions of those that it reads, and the name of none", async () => {
      const made = others();
      for (const one of made) await one.set("a", 1);
      const { next } = await open({
        tabs: { tab: showing(rendered("a"), formatVersions(toShownVersions([backend.version]))) },
      });
      const hello = await next();
      for (const one of made) await one.set("a", 2);
      await backend.set("a", 1);
      const change = await next();
      expect(change).toEqual(changeOf({ tab: "route" }, `${backend.version.epoch}@${backend.version.seq}`));
      expect(JSON.stringify([hello, change])).not.toMatch(/tenant|stream-test/);
    });

    it("tells it of one that a late part has read, with that one's version", async () => {
      const [late] = others();
      const id = rendered("a");
      const { next } = await open({ tabs: { tab: showing(id, formatVersions(toShownVersions([backend.version]))) } });
      await next();
      knownRenders().get(id)!.versions.set(late!.id, late!.version);
      knownRenders().get(id)!.add(late!.id, "a");
      await late!.set("a", 1);
      const versions = formatVersions(toShownVersions([backend.version, late!.version]));
      expect(await next()).toEqual(changeOf({ tab: "route" }, versions));
    });

    it("has a tab whose render nobody knows rendered again, and tells it nothing of what it has not named", async () => {
      const [other] = others();
      const shown = formatVersions({ ...toShownVersions([backend.version]), "": Date.now() + 60_000 });
      const { next } = await open({ tabs: { tab: showing("unknown", shown) } });
      await next();
      expect((await next())?.name).toBe("unknown");
      await other!.set("a", 1);
      expect(await next()).toEqual(changeOf({ tab: "route" }, ""));
    });
  });

  it("tells many tabs to spread their renders", async () => {
    const id = rendered("a");
    const names = Array.from({ length: 40 }, (_, n) => `tab ${n}`);
    const tabs = Object.fromEntries(names.map((name) => [name, showing(id)]));
    const watch = vi.spyOn(hub(), "watch");
    onTestFinished(() => watch.mockRestore());
    const { next } = await open({ tabs, options: { maxSpreadMs: 1_234 } });
    await next();
    await vi.waitFor(() => expect(watch).toHaveBeenCalledTimes(names.length));
    await backend.set("a", 1);
    const event = await next();
    expect(event?.name === "change" && event.data.spreadMs).toBe(1_234);
  });

  describe("goes on with a render that replaces the one that it was opened for", () => {
    const reads = (id: string): RenderReads => knownRenders().get(id)!;
    const shown = (id: string): [string, string] => [id, reads(id).shownText!];

    it("when it has read the same and more, and follows that too", async () => {
      const before = rendered("a");
      const { next } = await open({ tabs: { tab: showing(before) } });
      await next();
      await backend.set("a", 1);
      expect(await next()).toEqual(changeOf({ tab: "route" }));
      const [from, after] = [[before, formatVersions({ [backend.version.epoch]: 0 })], rendered("a", "b")];
      reads(before).replaceWith(reads(after));
      expect(await next()).toEqual({ name: "renewed", data: { from: [from], to: shown(after) } });
      await backend.set("b", 1);
      expect(await next()).toEqual(changeOf({ tab: "route" }));
      const last = rendered("a", "b");
      reads(after).replaceWith(reads(last));
      expect(await next()).toEqual({ name: "renewed", data: { from: [shown(after)], to: shown(last) } });
    });

    it("and tells of each change once", async () => {
      const before = rendered("a");
      const { token, reader } = await open({ tabs: { tab: showing(before) } });
      await token();
      for (let n = 0; n < 5; n += 1) reads(before).replaceWith(reads(rendered("a")));
      await backend.set("a", 1);
      let text = "";
      while (!text.includes("event: change")) text += new TextDecoder().decode((await reader.read()).value);
      expect(text.match(/event: change/g)).toHaveLength(1);
      expect(text.match(/event: renewed/g)).toHaveLength(1);
    });

    it("at once when something has changed since", async () => {
      const [before, after] = [rendered("a"), rendered("a")];
      const { next } = await open({ tabs: { tab: showing(before) } });
      await next();
      await backend.set("a", 1);
      await next();
      reads(before).replaceWith(reads(after));
      expect(await next()).toMatchObject({ name: "renewed" });
      expect(await next()).toEqual(changeOf({ tab: "route" }));
    });

    it("with what the page alone shows", async () => {
      const [layouts, page] = [rendered("a"), rendered("b")];
      const { next, token } = await open({ tabs: { tab: { route: [[layouts, now()]], page: [page, now()] } } });
      await token();
      const after = rendered("a", "b");
      reads(layouts).replaceWith(reads(after));
      expect(await next()).toMatchObject({
        name: "renewed",
        data: { from: [[layouts], [page]].map(([id]) => [id, now()]), to: shown(after) },
      });
      await backend.set("b", 1);
      expect(await next()).toEqual(changeOf({ tab: "page" }));
    });

    it.each([
      ["it has read less", (before: string) => showing(before), ["a"]],
      [
        "the tab shows others too",
        (before: string) => ({ route: [...showing(before).route, ...showing(rendered("c")).route] }),
        ["a", "b", "c"],
      ],
      [
        "this server does not know all that is shown",
        (before: string) => ({ ...showing(before), page: showing("unknown-to-this-server").route[0]! }),
        ["a", "b"],
      ],
    ])("but not when %s", async (_, subscribe, keys) => {
      const before = rendered("a", "b");
      const { next, token } = await open({ tabs: { tab: subscribe(before) } });
      await token();
      reads(before).replaceWith(reads(rendered(...keys)));
      await backend.set("b", 1);
      const names = new Set<string>();
      while (!names.has("change")) names.add((await next())!.name);
      expect(names).not.toContain("renewed");
    });

    it("but not while the browser does not read", async () => {
      const before = rendered("a");
      const { next } = await open({ tabs: { tab: showing(before) } });
      await turn();
      reads(before).replaceWith(reads(rendered("a")));
      expect(await next()).toMatchObject({ name: "hello" });
      await backend.set("a", 1);
      expect(await next()).toMatchObject({ name: "change" });
    });
  });

  it("sends a ping when it would be silent for longer than the given interval, to browsers that read", async () => {
    vi.useFakeTimers({ toFake: [...inTime] });
    const { next } = await open({ options: { pingIntervalMs: 5_000 } });
    await next();
    vi.advanceTimersByTime(5_000);
    expect(await next()).toEqual({ name: "ping", data: { withinMs: 5_000 } });
    vi.advanceTimersByTime(3_000);
    await backend.set("a", 1);
    expect((await next())?.name).toBe("change");
    vi.advanceTimersByTime(3_000);
    await backend.set("a", 2);
    expect((await next())?.name).toBe("change");
    vi.advanceTimersByTime(20_000);
    expect(await next()).toEqual({ name: "ping", data: { withinMs: 5_000 } });
    await backend.set("a", 3);
    expect((await next())?.name).toBe("change");
  });
});

describe("a token of the stream", () => {
  it("lets a server that has not rendered the page know what it has read", async () => {
    const id = rendered("counter");
    const versions = now();
    const { token } = await open({ tabs: { tab: showing(id) } });
    const issued = await token();
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.known-renders"));

    const { next } = await open({ tabs: { tab: { route: [[id, versions]], token: issued } } });
    await next();
    await backend.set("theme", "light");
    await turn();
    await backend.set("counter", 1);
    const event = await next();
    expect(event).toEqual(changeOf({ tab: "route" }, `${backend.version.epoch}@2`));
  });

  it("says nothing of a render that grows, so that the next server is not silent about what the rest of it reads", async () => {
    const id = rendered("early");
    const versions = now();
    const render = knownRenders().get(id)!;
    const end = render.grow();
    const { token, reader } = await open({ tabs: { tab: showing(id) } });
    const whileItGrew = await token();
    render.add(backend.id, "late");
    // The browser shows the late part, and the server is killed.
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.known-renders"));
    const { next } = await open({ tabs: { tab: { route: [[id, versions]], token: whileItGrew } } });
    await next();
    expect(await next()).toEqual({ name: "unknown", data: {} });
    await backend.set("late", 1);
    expect(await next()).toEqual(changeOf({ tab: "route" }));

    // Where it is not killed, the next token tells everything.
    end();
    let text = "";
    while (!text.includes("event: token")) text += new TextDecoder().decode((await reader.read()).value);
    const told = parseEvents(text).find(({ name }) => name === "token") as Extract<Event, { name: "token" }>;
    const settled = readStreamToken("", told.data.token).renders.get(id);
    expect([...(settled?.keys.get(backend.id) ?? [])]).toEqual(["early", "late"]);
  });

  it("is told again when the render reads more", async () => {
    const id = rendered("early");
    const { token } = await open({ tabs: { tab: showing(id) } });
    const first = await token();
    knownRenders().get(id)!.add(backend.id, "late");
    const second = await token();
    const read = (issued: string): string[] => [
      ...(readStreamToken("", issued).renders.get(id)?.keys.get(backend.id) ?? []),
    ];
    expect([read(first), read(second)]).toEqual([["early"], ["early", "late"]]);
  });

  it("is of no use to another session", async () => {
    const id = rendered("counter");
    const versions = now();
    const { token } = await open({ tabs: { tab: showing(id) }, options: { session: () => ({ id: "ada" }) } });
    const issued = await token();
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.known-renders"));

    const stolen = { tab: { route: [[id, versions]], token: issued } } satisfies Record<string, Subscription>;
    const { next } = await open({ tabs: stolen, options: { session: () => ({ id: "bob" }) } });
    await next();
    await backend.set("counter", 1);
    expect(await next()).toEqual({ name: "bye", data: { reason: "expired", withinMs: 0 } });
    expect(await next()).toBeUndefined();
  });

  it("is replaced when the browser has signed in: its tabs ask for renders once, and are followed then", async () => {
    const options = (id: string): ReactiveRouteOptions => ({ session: () => ({ id }) });
    const guest = await open({ tabs: { tab: showing(rendered("counter")) }, options: options("guest") });
    const old = await guest.token();
    const between = await open({
      tabs: { tab: { ...showing(rendered("counter")), token: old } },
      options: options("ada"),
    });
    const token = await between.token();
    expect((await between.next())?.name).toBe("bye");
    const { next } = await open({ tabs: { tab: { ...showing(rendered("counter")), token } }, options: options("ada") });
    await next();
    await backend.set("counter", 1);
    expect((await next())?.name).toBe("change");
  });
});

describe("a report that a page stays old", () => {
  const report = (stale: unknown): Promise<Response> => send({ body: JSON.stringify({ tabs: {}, stale }) });
  const logged = () => vi.spyOn(console, "error").mockReturnValue();

  it("is one line in the log with the short path and a reason of ours, however many come, and opens no stream", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    vi.advanceTimersByTime(60_000);
    const log = logged();
    const response = await report({
      path: `/notes\n[kawa] all is well ${"x".repeat(1_000)}`,
      way: "refresh",
      versions: "private",
    });
    expect([response.status, await response.text(), streamCount()]).toEqual([204, "", 0]);
    for (let n = 0; n < 5; n += 1) await report({ path: "/b", way: "renders" });
    expect(log).toHaveBeenCalledTimes(1);
    const [message, path] = log.mock.calls[0] as [string, string];
    expect(message).toBe(
      "[kawa] A page has shown old values for 5 s: the render that it requested does not end. Its path:",
    );
    expect(path).toMatch(/^"\/notes\\n\[kawa\] all is well x+…$/);
    expect(path.length).toBeLessThanOrEqual(80);
    vi.advanceTimersByTime(10_000);
    await report({ path: "/b", way: "renders" });
    expect(log.mock.calls[1]).toEqual([
      expect.stringContaining("5 more messages like this one were left out."),
      '"/b"',
    ]);
  });

  it.each([
    ["no object", 1],
    ["null", null],
    ["no path", { way: "refresh" }],
    ["a path that is too long", { path: "/".repeat(2_001), way: "refresh" }],
    ["words of its own", { path: "/", way: "hello" }],
  ])("is refused with %s", async (_what, stale) => {
    const log = logged();
    expect((await report(stale)).status).toBe(400);
    expect(log).not.toHaveBeenCalled();
  });
});

describe("a server that may not hear of changes", () => {
  it("says so at once to a page that it has rendered meanwhile", async () => {
    Object.defineProperty(backend, "isCut", { get: () => true, configurable: true });
    onTestFinished(() => void Reflect.deleteProperty(backend, "isCut"));
    const { next } = await open({ options: { pingIntervalMs: 15_000 }, tabs: { one: showing(rendered("a")) } });
    const names: string[] = [];
    for (let event = await next(); event && names.at(-1) !== "cut"; event = await next()) names.push(event.name);
    expect(names[0]).toBe("hello");
    expect(names.at(-1)).toBe("cut");
  });

  it("says so to the tabs that show something of it, and says when it hears again", async () => {
    vi.useFakeTimers({ toFake: [...inTime] });
    let isCut = false;
    Object.defineProperty(backend, "isCut", { get: () => isCut, configurable: true });
    const [shows, reads] = [rendered("a"), rendered()];
    const { next } = await open({
      options: { pingIntervalMs: 15_000 },
      tabs: { one: showing(shows), unknown: showing("of-another-server"), none: showing(reads, "") },
    });
    for (let name = (await next())?.name; name !== "unknown"; name = (await next())?.name);
    isCut = true;
    vi.advanceTimersByTime(1_000);
    expect(await next()).toMatchObject({ name: "cut", data: { tabs: expect.arrayContaining(["one", "unknown"]) } });
    vi.advanceTimersByTime(3_000);
    isCut = false;
    vi.advanceTimersByTime(1_000);
    expect(await next()).toEqual({ name: "cut", data: { tabs: [] } });
    Reflect.deleteProperty(backend, "isCut");
  });

  it("says nothing while it was up to date a moment ago, as where an actor moves", async () => {
    vi.useFakeTimers({ toFake: [...inTime] });
    let [isCut, ageMs] = [false, 0];
    Object.defineProperty(backend, "isCut", { get: () => isCut, configurable: true });
    Object.defineProperty(backend, "ageMs", { get: () => ageMs, configurable: true });
    onTestFinished(() => ["isCut", "ageMs"].forEach((name) => Reflect.deleteProperty(backend, name)));
    const { next } = await open({
      options: { pingIntervalMs: 1_500 },
      tabs: { unknown: showing("of-another-server") },
    });
    for (let name = (await next())?.name; name !== "unknown"; name = (await next())?.name);
    [isCut, ageMs] = [true, 3_400];
    vi.advanceTimersByTime(2_000);
    expect((await next())?.name).toBe("ping");
    ageMs = 3_600;
    vi.advanceTimersByTime(1_000);
    let event = await next();
    while (event?.name === "ping") event = await next();
    expect(event).toMatchObject({ name: "cut", data: { tabs: ["unknown"] } });
  });
});

describe("the end of the stream", () => {
  it("comes when the browser goes away", async () => {
    const { abort, next } = await open();
    await next();
    expect(streamCount()).toBe(1);
    abort.abort();
    expect(await next()).toBeUndefined();
    expect(streamCount()).toBe(0);
  });

  it("comes at once when the browser went away before it was opened", async () => {
    const { POST } = createReactiveRoute();
    const request = new Request("http://host/api/reactive", {
      method: "POST",
      body: JSON.stringify({ tabs: {} }),
      headers: { "content-type": "application/json" },
    });
    Object.defineProperty(request, "signal", { value: AbortSignal.abort() });
    await POST(request);
    expect(streamCount()).toBe(0);
  });

  it("comes for all streams with closeStreams, which may be called twice, and tells browsers to come back one by one", async () => {
    const streams = [await open(), await open(), await open()];
    for (const { next } of streams) await next();
    closeStreams();
    closeStreams();
    for (const { next } of streams) {
      expect(await next()).toEqual({ name: "bye", data: { reason: "restart", withinMs: 2_000 } });
      expect(await next()).toBeUndefined();
    }
    expect(streamCount()).toBe(0);
  });

  it("comes when the reader cancels, and leaves no timer and no watch behind", async () => {
    vi.useFakeTimers({ toFake: [...inTime] });
    const id = rendered("a");
    const { reader, next } = await open({
      tabs: { tab: showing(id) },
      options: { maxDurationMs: 60_000, session: () => ({ id: "ada", expiresAt: Date.now() + 500 }) },
    });
    await next();
    // Of its end, which is near, and of all streams.
    expect([vi.getTimerCount(), hub().isShown(backend.id, "a"), streamCount()]).toEqual([2, true, 1]);
    await reader.cancel();
    expect([vi.getTimerCount(), hub().isShown(backend.id, "a"), streamCount()]).toEqual([0, false, 0]);
  });

  it.each([400, 1_000, 5_400])("comes after maxDurationMs, %i ms", async (maxDurationMs) => {
    vi.useFakeTimers({ toFake: [...inTime] });
    const { next } = await open({
      options: {
        pingIntervalMs: 15_000,
        maxDurationMs,
        session: () => ({ id: "ada", expiresAt: Date.now() + 60_000 }),
      },
    });
    await next();
    vi.advanceTimersByTime(maxDurationMs - 1);
    expect(streamCount()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await next()).toEqual({ name: "bye", data: { reason: "restart", withinMs: 100 } });
    expect(await next()).toBeUndefined();
  });

  it.each([400, 1_000, 5_400])("comes when the session of whoever opened it expires, in %i ms", async (lifeMs) => {
    vi.useFakeTimers({ toFake: [...inTime] });
    const session = () => ({ id: "ada", expiresAt: Date.now() + lifeMs });
    const { next } = await open({ options: { pingIntervalMs: 15_000, session, maxDurationMs: 10_000 } });
    await next();
    vi.advanceTimersByTime(lifeMs - 1);
    expect(streamCount()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(await next()).toEqual({ name: "bye", data: { reason: "expired", withinMs: 0 } });
    expect(await next()).toBeUndefined();
  });

  it("lets a change that is on its way come to nothing", async () => {
    const { next } = await open();
    await next();
    await backend.set("a", 1);
    closeStreams();
    await turn();
    expect((await next())?.name).toBe("bye");
    expect(await next()).toBeUndefined();
  });
});

describe("a request that is refused", () => {
  const codeOf = async (options: OpenOptions): Promise<unknown> => {
    const response = await send(options);
    const { code } = (await response.json()) as { code: string };
    return [response.status, code];
  };

  it("comes from another site", async () => {
    expect(await codeOf({ headers: { "sec-fetch-site": "cross-site" } })).toEqual([403, "ORIGIN_REFUSED"]);
    expect(await codeOf({ headers: { origin: "https://evil.test", host: "host" } })).toEqual([403, "ORIGIN_REFUSED"]);
  });

  it.each<[string, OpenOptions]>([
    ["no JSON", { body: "{" }],
    ["a form", { headers: { "content-type": "application/x-www-form-urlencoded" } }],
    ["no object", { body: "null" }],
    ["no tabs", { body: "{}" }],
    ["a list of tabs", { body: '{"tabs":[]}' }],
    ["a tab without renders", { body: '{"tabs":{"a":{}}}' }],
    ["a render without versions", { body: '{"tabs":{"a":{"route":[["id"]]}}}' }],
    ["a token that is no text", { body: '{"tabs":{"a":{"route":[],"token":1}}}' }],
    ["too many tabs", { tabs: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`t${n}`, { route: [] }])) }],
    ["too many renders", { tabs: { a: { route: Array.from({ length: 25 }, () => ["", ""] as const) } } }],
    ["a long name", { tabs: { ["x".repeat(65)]: { route: [] } } }],
    ["a long body", { body: `{"tabs":{},"x":"${"x".repeat(600_000)}"}` }],
  ])("has %s", async (_, options) => {
    expect(await codeOf(options)).toEqual([400, "REQUEST_INVALID"]);
    expect(streamCount()).toBe(0);
  });

  it("is one too many for the process, and is told when to come back", async () => {
    const options = { maxStreams: 2 };
    await open({ options });
    await open({ options });
    const response = await send({ options });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "10"]);
    expect(await response.json()).toMatchObject({ code: "STREAMS_EXHAUSTED" });
  });

  it("is one too many for one address, and not for others, whatever it says about itself", async () => {
    const from = (address: string, headers: HeadersInit = {}): Promise<Response> =>
      asFrom(address, () => send({ headers, options: { maxStreamsPerClient: 1, maxDurationMs: 60_000 } }));
    const first = await from("1.1.1.1");
    expect((await from("1.1.1.1")).status).toBe(503);
    expect((await from("1.1.1.1", { "x-forwarded-for": "9.9.9.9" })).status).toBe(503);
    const second = await from("2.2.2.2");
    expect([first.status, second.status]).toEqual([200, 200]);
    await first.body!.cancel();
    expect((await from("1.1.1.1")).status).toBe(200);
  });

  it("is one too many for an address, whichever sessions it has, and for a session, whichever addresses", async () => {
    const from = (address: string, id: string): Promise<Response> =>
      asFrom(address, () =>
        send({ options: { maxStreamsPerClient: 2, maxDurationMs: 60_000, session: () => ({ id }) } }),
      );
    expect((await from("3.3.3.1", "ada")).status).toBe(200);
    expect((await from("3.3.3.1", "minted 1")).status).toBe(200);
    expect((await from("3.3.3.1", "minted 2")).status).toBe(503);
    expect((await from("3.3.3.2", "ada")).status).toBe(200);
    expect((await from("3.3.3.3", "ada")).status).toBe(503);
    expect((await from("3.3.3.3", "bob")).status).toBe(200);
  });

  it("is one too many for a client of which one stream has ended and another has not", async () => {
    const options = { maxStreamsPerClient: 2, session: () => ({ id: "ada" }) };
    const first = await open({ options });
    await open({ options });
    await first.reader.cancel();
    await open({ options });
    expect(await codeOf({ options })).toEqual([503, "STREAMS_EXHAUSTED"]);
  });
});

describe("a stream on a connection of node:http", () => {
  /** `context` runs what answers a request. */
  async function serve(
    context: (answer: () => void) => void = (answer) => answer(),
    options: ReactiveRouteOptions = {},
  ): Promise<{ events(): string }> {
    watchConnections();
    const { POST } = createReactiveRoute(options);
    const server = createServer((request, response) => context(() => void answerBy(POST, request, response)));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const body = JSON.stringify({ tabs: { tab: showing(rendered("a")) } });
    const client = connect(port, "127.0.0.1").setEncoding("utf8");
    let received = "";
    client.on("data", (chunk: string) => (received += chunk));
    client.write(
      `POST / HTTP/1.1\r\nHost: host\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    onTestFinished(() => {
      client.destroy();
      server.closeAllConnections();
      server.close();
    });
    return { events: () => received };
  }

  it("tells changes, and ends as every stream does", async () => {
    const { events } = await serve();
    await vi.waitUntil(() => events().includes("event: hello"));
    await backend.set("a", 1);
    await vi.waitUntil(() => events().includes("event: change"));
    closeStreams();
    await vi.waitUntil(() => events().includes("event: bye"));
    expect(events()).not.toMatch(/transfer-encoding/i);
    expect(streamCount()).toBe(0);
  });

  it("stays a request where requests are ended after a time", async () => {
    const { events } = await serve(undefined, { maxDurationMs: 60_000 });
    await vi.waitUntil(() => events().includes("event: hello"));
    expect(events()).toMatch(/transfer-encoding: chunked/i);
  });

  it("keeps nothing of what the request carries along", async () => {
    const storage = new AsyncLocalStorage<object>();
    let store: WeakRef<object> | undefined;
    const { events } = await serve((answer) => {
      const carried = {};
      store = new WeakRef(carried);
      storage.run(carried, answer);
    });
    await vi.waitUntil(() => events().includes("event: hello"));
    await whenCollected([store!]);
    expect(streamCount()).toBe(1);
  });
});
