import { stringify } from "devalue";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { badTexts } from "../../../test/support/bad-texts.ts";
import {
  type Backend,
  type Entry,
  type Reader,
  registerBackend,
  unregisterBackend,
} from "../../core/backend/backend.ts";
import { createPresentEntry } from "../../core/backend/entry.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { namespace } from "../../core/namespace.ts";
import { cell } from "../../core/process/reactive.ts";
import type { StandardSchema } from "../../core/standard-schema.ts";
import { acceptedHeader, keysQuery, type ValueRow, type WriteRequest } from "../../browser/value-protocol.ts";
import { asFrom } from "../../../test/support/as-from.ts";
import { closeStreams } from "../stream/open-streams.ts";
import { createReactiveRoute, type ReactiveRouteOptions } from "./reactive-route.ts";

let backend: Backend;
let count = 0;

beforeEach(() => {
  count += 1;
  backend = createMemoryBackend(`requests-${count}`);
  registerBackend(backend, { global: true });
});
afterEach(() => {
  closeStreams();
  unregisterBackend(backend);
  vi.restoreAllMocks();
});

/** Texts without spaces around them; nothing but texts. */
const trimmed: StandardSchema<string> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof value === "string"
        ? { value: value.trim() }
        : { issues: [{ message: "Write a text.", path: ["name", { key: 0 }] }, { message: "Nothing else." }] },
  },
};

const app = namespace("req");
const signals = {
  open: app.signal("open", 0, { expose: "write" }),
  shown: app.signal("shown", 0, { expose: "read" }),
  name: app.signal("name", "", { expose: "write", schema: trimmed }),
  secret: app.signal("secret", "s3cret"),
  visitor: app.family((id: string) => ({ key: `in:${id}`, default: "" }), { expose: "write", ttlMs: 3_000 }),
  guest: app.family((id: string) => ({ key: `guest:${id}`, default: "" }), { expose: "read", ttlMs: 3_000 }),
};

type Sent = { status: number; body: Record<string, unknown>; headers: Headers };

async function answerOf(response: Response): Promise<Sent> {
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  };
}

async function get(keys: string[], headers: HeadersInit = {}, options: ReactiveRouteOptions = {}): Promise<Sent> {
  const { GET } = createReactiveRoute({ signals, ...options });
  const query = keysQuery(keys);
  return answerOf(await GET(new Request(`http://host/api/reactive${query}`, { headers })));
}

type PutOptions = { headers?: HeadersInit; options?: ReactiveRouteOptions; body?: string };

let writeCount = 0;

async function put(write: Partial<WriteRequest>, { headers = {}, options = {}, body }: PutOptions = {}): Promise<Sent> {
  const { PUT } = createReactiveRoute({ signals, ...options });
  writeCount += 1;
  const text = body ?? JSON.stringify({ id: `w${writeCount}`, ...write });
  const init = { method: "PUT", body: text, headers: { "content-type": "application/json", ...headers } };
  const response = await PUT(new Request("http://host/api/reactive", init));
  if (response.status !== 204) return answerOf(response);
  const [seq, epoch] = response.headers.get(acceptedHeader)!.split(" ");
  return { status: 204, body: { row: [write.key, write.text, Number(seq), epoch] }, headers: response.headers };
}

/** As if a store held this, from before there were rules or written by hand. */
function holdText(key: string, text: string): void {
  const entry = backend.entry.bind(backend);
  const held = cell<Entry>(createPresentEntry(1, text));
  vi.spyOn(backend, "entry").mockImplementation((of) => (of === key ? held : entry(of)));
}

describe("a stored text that is no value", () => {
  it.each(badTexts)("is told as an error of its key, and the others are given: %s", async (_, text) => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await signals.shown.set(1);
    holdText("req:open", text);
    const { status, body } = await get(["req:open", "req:shown", "req:nothing"]);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      rows: [["req:shown", "[1]", 1, expect.any(String)]],
      refused: ["req:nothing"],
      unreadable: ["req:open"],
    });
  });
});

describe("a PUT of a text that is no value", () => {
  it.each(badTexts)("is refused, and nothing is stored: %s", async (_, text) => {
    const { status, body } = await put({ key: "req:open", text });
    expect([status, body["code"]]).toEqual(
      text.length > 60_000 || body["code"] === "VALUE_TOO_LARGE" ? [413, "VALUE_TOO_LARGE"] : [400, "REQUEST_INVALID"],
    );
    expect((await backend.entries("")).size).toBe(0);
  });

  it("is refused when a short text stands for very much", async () => {
    const { text } = { text: `[[${Array.from({ length: 20_000 }, () => 1).join(",")}],["Map"]]` };
    expect(await put({ key: "req:open", text })).toMatchObject({ status: 413, body: { code: "VALUE_TOO_LARGE" } });
  });

  it("is stored anew when it is written in another way than Kawa's", async () => {
    expect((await put({ key: "req:open", text: '[[1,1],["Uint8Array",2,1,1],["ArrayBuffer","AQID"]]' })).status).toBe(
      200,
    );
    const row = (await get(["req:open"])).body["rows"] as ValueRow[];
    expect(row[0]![1]).toBe('[[1,3],["Uint8Array",2],["ArrayBuffer","Ag=="],["Uint8Array",4],["ArrayBuffer","Ag=="]]');
  });
});

describe("GET", () => {
  it("gives the rows of exposed signals, and nobody may keep them", async () => {
    await signals.open.set(5);
    const { status, body, headers } = await get(["req:open", "req:shown", "req:open"]);
    expect(status).toBe(200);
    expect(body).toEqual({
      rows: [
        ["req:open", "[5]", 1, backend.version.epoch],
        ["req:shown", null, 0, backend.version.epoch],
      ],
      refused: [],
      versions: { [backend.version.epoch]: 1 },
    });
    expect(headers.get("cache-control")).toBe("no-store");
  });

  it("answers unknown keys and those that are not exposed alike", async () => {
    await signals.secret.set("t0p");
    const { body } = await get(["req:secret", "req:nothing", "\0stream:x", "req:shown"]);
    expect(body["refused"]).toEqual(["req:secret", "req:nothing", "\0stream:x"]);
    expect(JSON.stringify(body)).not.toMatch(/t0p|s3cret/);
  });

  it("shows what the actor refuses as if it did not exist", async () => {
    vi.spyOn(backend, "load").mockRejectedValue(new KawaError("ACTION_REFUSED", "Not you."));
    const { body } = await get(["req:open", "req:nothing"]);
    expect(body).toEqual({ rows: [["req:open", null, 0, ""]], refused: ["req:nothing"] });
  });

  it("says nothing of an actor that is away but that", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    vi.spyOn(backend, "load").mockRejectedValue(
      new KawaError("BACKEND_TIMEOUT", "actor reactiveState/global at 10.0.0.1"),
    );
    const { status, body, headers } = await get(["req:open"]);
    expect([status, body["code"], headers.get("retry-after")]).toEqual([504, "BACKEND_TIMEOUT", "1"]);
    expect(JSON.stringify(body)).not.toContain("10.0.0.1");
    expect(log).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["no keys", []],
    ["too many keys", Array.from({ length: 201 }, (_, at) => `k${at}`)],
    ["a key that is too long", ["k".repeat(513)]],
  ])("refuses %s", async (_, keys) => {
    expect(await get(keys)).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
  });

  it.each([
    "",
    "?keys=",
    "?key=signals:open",
    "?keys=open",
    "?keys={}",
    "?keys=[1]",
    '?keys=[["open"]]',
    "?keys=null",
    '?keys=["open"',
    "?keys=[]&keys=[]",
  ])("refuses the query %j", async (query) => {
    const { GET } = createReactiveRoute({ signals });
    expect(await answerOf(await GET(new Request(`http://host/api/reactive${query}`)))).toMatchObject({
      status: 400,
      body: { code: "REQUEST_INVALID" },
    });
  });

  it("takes keys as they are, whatever characters they have", async () => {
    const keys = ['a"b', "a&b=c#d?e", "a%20b+c d", "ü漢🎉", "a\\b\n", "\0members:nobody:here", "[1]"];
    expect((await get(keys)).body["refused"]).toEqual(keys);
  });

  it("refuses pages of another site", async () => {
    expect(await get(["req:open"], { "sec-fetch-site": "cross-site" })).toMatchObject({
      status: 403,
      body: { code: "ORIGIN_REFUSED" },
    });
  });
});

describe("PUT", () => {
  it("writes, and answers with the number of what was sent", async () => {
    const { status, body } = await put({ key: "req:open", text: "[7]" });
    expect({ status, body }).toEqual({ status: 204, body: { row: ["req:open", "[7]", 1, backend.version.epoch] } });
    expect(signals.open.value).toBe(7);
  });

  it("stores what the schema makes of the value, and answers with that", async () => {
    const { body } = await put({ key: "req:name", text: stringify("  Ada ") });
    expect(body["row"]).toMatchObject({ 1: stringify("Ada") });
    expect(signals.name.value).toBe("Ada");
  });

  it("refuses what the schema refuses, with its messages", async () => {
    expect(await put({ key: "req:name", text: "[5]" })).toMatchObject({
      status: 422,
      body: { code: "VALUE_INVALID", error: "name.0: Write a text. Nothing else." },
    });
    expect(signals.name.value).toBe("");
  });

  it("answers what may not be written as what does not exist", async () => {
    const answers = await Promise.all(
      ["req:shown", "req:secret", "req:nothing", "\0stream:x"].map((key) => put({ key, text: "[1]" })),
    );
    for (const answer of answers) {
      expect({ status: answer.status, body: answer.body }).toEqual({
        status: 404,
        body: { code: "NOT_EXPOSED", error: "This cannot be read or changed from here." },
      });
    }
    expect(signals.shown.value).toBe(0);
  });

  it("deletes", async () => {
    await signals.open.set(5);
    const { body } = await put({ key: "req:open", text: null });
    expect(body["row"]).toMatchObject({ 1: null });
    expect(signals.open.value).toBe(0);
  });

  it("tells of a refusal what was thrown for people, and nothing else", async () => {
    const refuse = (data: Record<string, unknown>): void =>
      void vi
        .spyOn(backend, "set")
        .mockRejectedValueOnce(new KawaError("ACTION_REFUSED", "Eve is banned since 2024.", { data }));
    refuse({ isPublic: true, publicMessage: "You cannot play today." });
    expect(await put({ key: "req:open", text: "[1]" })).toMatchObject({
      status: 403,
      body: { code: "ACTION_REFUSED", error: "You cannot play today." },
    });
    refuse({ isPublic: false });
    const { body } = await put({ key: "req:open", text: "[1]" });
    expect(body).toEqual({ code: "ACTION_REFUSED", error: "This is not allowed." });
  });

  it("writes an update only on the value that it was made of", async () => {
    await signals.open.set(5);
    expect(await put({ key: "req:open", text: "[6]", expect: 1 })).toMatchObject({
      status: 204,
      body: { row: { 1: "[6]" } },
    });
    expect(await put({ key: "req:open", text: "[6]", expect: 1 })).toMatchObject({
      status: 200,
      body: { isConflict: true, row: ["req:open", "[6]", 2, backend.version.epoch] },
    });
    expect(signals.open.value).toBe(6);
  });

  it("writes an update of no value only where there is none", async () => {
    expect((await put({ key: "req:open", text: "[1]", expect: 0 })).body).not.toHaveProperty("isConflict");
    expect((await put({ key: "req:open", text: "[1]", expect: 0 })).body).toHaveProperty("isConflict");
    await signals.open.delete();
    expect((await put({ key: "req:open", text: "[1]", expect: 0 })).body).not.toHaveProperty("isConflict");
  });

  it("deletes only the value that it was made for, whatever is written at the same time", async () => {
    for (let round = 1; round <= 20; round += 1) {
      await signals.open.set(-round);
      const { seq } = backend.entry("req:open").peek();
      const [{ body }] = await Promise.all([
        put({ key: "req:open", text: null, expect: seq }),
        signals.open.set(round),
      ]);
      expect(body).toMatchObject({ isConflict: true, row: { 1: `[${round}]` } });
    }
    const { seq } = backend.entry("req:open").peek();
    expect((await put({ key: "req:open", text: null, expect: seq })).body).not.toHaveProperty("isConflict");
    expect(signals.open.value).toBe(0);
  });

  describe("sent again after its answer was lost", () => {
    it("is not applied again where it is known, and counts as accepted", async () => {
      const write = { id: "again-1", key: "req:open", text: "[1]" };
      await put(write);
      await signals.open.set(9);
      const { status, body } = await put({ ...write, expect: 0, isAgain: true });
      expect({ status, body }).toEqual({ status: 200, body: { row: ["req:open", "[9]", 2, backend.version.epoch] } });
    });

    it("is not taken for another key's write of the same name", async () => {
      await put({ id: "same-name", key: "req:name", text: `["a"]` });
      await put({ id: "same-name", key: "req:open", text: "[3]" });
      expect(signals.open.value).toBe(3);
    });

    it("is refused again where it was refused", async () => {
      const write = { id: "again-2", key: "req:open", text: "[1]" };
      vi.spyOn(backend, "set").mockRejectedValueOnce(new KawaError("ACTION_REFUSED", "No."));
      expect((await put(write)).status).toBe(403);
      expect((await put({ ...write, expect: 0, isAgain: true })).status).toBe(403);
      expect(signals.open.value).toBe(0);
    });

    it("tells nobody else", async () => {
      await asFrom("10.0.0.1", () => put({ id: "mine", key: "req:open", text: "[1]" }));
      await asFrom("10.0.0.2", () => put({ id: "mine", key: "req:open", text: "[2]" }));
      expect(signals.open.value).toBe(2);
    });

    it("is applied where it is not known and nothing has changed", async () => {
      await signals.open.set(5);
      expect(await put({ key: "req:open", text: "[6]", expect: 1, isAgain: true })).toMatchObject({ status: 204 });
      expect(signals.open.value).toBe(6);
    });

    it("counts as accepted where its value is there already", async () => {
      await signals.open.set(6);
      const { body } = await put({ key: "req:open", text: "[6]", expect: 0, isAgain: true });
      expect(body).toEqual({ row: ["req:open", "[6]", 1, backend.version.epoch] });
    });

    it("is not applied where something else is there", async () => {
      await signals.open.set(9);
      vi.spyOn(console, "error").mockImplementation(() => {});
      expect(await put({ key: "req:open", text: "[6]", expect: 0, isAgain: true })).toMatchObject({
        status: 504,
        body: { code: "WRITE_UNCONFIRMED" },
      });
      expect(signals.open.value).toBe(9);
    });
  });

  it.each([
    ["no JSON", "{", {}],
    ["no object", "[]", {}],
    ["null", "null", {}],
    ["a write without a name", JSON.stringify({ key: "req:open", text: "[1]" }), {}],
    ["a key that is no text", JSON.stringify({ id: "x", key: ["req:open"], text: "[1]" }), {}],
    ["a value that is no text", JSON.stringify({ id: "x", key: "req:open", text: { toString: "x" } }), {}],
    ["an expected number that is none", JSON.stringify({ id: "x", key: "req:open", text: "[1]", expect: "1" }), {}],
    ["a value that is malformed", JSON.stringify({ id: "x1", key: "req:open", text: "[[" }), {}],
    ["a value with a prototype", JSON.stringify({ id: "x2", key: "req:open", text: '[{"__proto__":1},{}]' }), {}],
    ["a value of an unknown type", JSON.stringify({ id: "x3", key: "req:open", text: '[["Evil",1],1]' }), {}],
    ["a form", JSON.stringify({ id: "x", key: "req:open", text: "[1]" }), { "content-type": "text/plain" }],
  ])("refuses %s", async (_, body, headers) => {
    expect(await put({}, { body, headers })).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
    expect(signals.open.value).toBe(0);
  });

  it("refuses a body that is too long, however it is sent", async () => {
    const text = stringify("x".repeat(70_000));
    expect(await put({ key: "req:name", text })).toMatchObject({ status: 413, body: { code: "VALUE_TOO_LARGE" } });
    expect(await put({ key: "req:name", text }, { options: { maxWriteBytes: 100_000 } })).toMatchObject({
      status: 204,
    });
  });

  it.each([
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "https://evil.example", host: "host" },
    { origin: "null", host: "host" },
  ])("refuses a page of another site: %o", async (headers) => {
    expect(await put({ key: "req:open", text: "[1]" }, { headers })).toMatchObject({
      status: 403,
      body: { code: "ORIGIN_REFUSED" },
    });
    expect(signals.open.value).toBe(0);
  });

  it("limits how much a session sends, and says when to come back", async () => {
    const options = { maxRequestsPerSecond: 1, session: async () => ({ id: `flood-${count}` }) };
    for (let at = 0; at < 4; at += 1)
      expect((await put({ key: "req:open", text: "[1]" }, { options })).status).toBe(204);
    const { status, body, headers } = await put({ key: "req:open", text: "[2]" }, { options });
    expect([status, body["code"], headers.get("retry-after")]).toEqual([429, "RATE_LIMITED", "1"]);
    expect(body["retryAfterMs"]).toBeGreaterThan(0);
    expect((await get(["req:open"], {}, options)).status).toBe(429);
    expect(signals.open.value).toBe(1);
  });
});

describe("ephemeral values on a stream", () => {
  it("are renewed for as long as it is open, where browsers may write them", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    // Nobody from there has asked before, as far as the manual clock knows.
    expect(await asFrom("10.1.1.1", () => put({ key: "req:in:ada", text: '["here"]' }))).toMatchObject({ status: 204 });
    await signals.guest("bob").set("here");
    await signals.open.set(1);
    const { POST } = createReactiveRoute({ signals, maxDurationMs: 600_000 });
    const kept = ["req:in:ada", "req:in:nobody", "req:guest:bob", "req:open", "req:secret", "no:such:key"];
    const body = JSON.stringify({ tabs: { tab: { route: [], kept } } });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body };
    const response = await asFrom("10.1.1.1", () => POST(new Request("http://host/api/reactive", init)));
    expect(response.status).toBe(200);
    const reader = response.body!.getReader();
    void (async () => {
      while (!(await reader.read()).done);
    })();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await backend.keys("")).toEqual(["req:in:ada", "req:open"]);
    await reader.cancel();
    await vi.advanceTimersByTimeAsync(2_999);
    expect(await backend.keys("")).toEqual(["req:in:ada", "req:open"]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await backend.keys("")).toEqual(["req:open"]);
  });

  it.each([[[5]], ["req:in:ada"], [Array.from({ length: 21 }, (_, n) => `req:in:${n}`)], [["x".repeat(513)]]])(
    "have to be a short list of keys: %o",
    async (kept) => {
      const { POST } = createReactiveRoute({ signals });
      const body = JSON.stringify({ tabs: { tab: { route: [], kept } } });
      const init = { method: "POST", headers: { "content-type": "application/json" }, body };
      expect((await POST(new Request("http://host/api/reactive", init))).status).toBe(400);
    },
  );
});

describe("values on a stream", () => {
  async function open(
    values: readonly unknown[],
    { of = signals, session }: { of?: Record<string, unknown>; session?: string } = {},
  ) {
    const { POST } = createReactiveRoute({ signals: of, ...(session && { session: () => ({ id: session }) }) });
    const abort = new AbortController();
    const init = { method: "POST", headers: { "content-type": "application/json" }, signal: abort.signal };
    const body = JSON.stringify({ tabs: { tab: { route: [], values } } });
    const response = await POST(new Request("http://host/api/reactive", { ...init, body }));
    expect(response.status).toBe(200);
    const reader = response.body!.getReader();
    onTestFinished(() => reader.cancel().catch(() => {}));
    const rows: ValueRow[] = [];
    return {
      /** The next row that the stream carries; fails on a change of the page. */
      async next(): Promise<ValueRow> {
        while (rows.length === 0) {
          const text = new TextDecoder().decode((await reader.read()).value);
          for (const [, name, data] of text.matchAll(/event: (\w+)\ndata: (.*)\n\n/g)) {
            expect(["hello", "values"]).toContain(name);
            if (name === "values") rows.push(...(JSON.parse(data!) as { rows: ValueRow[] }).rows);
          }
        }
        return rows.shift()!;
      },
    };
  }

  it("are those that have changed since the browser knows them, and then each change", async () => {
    await signals.open.set(1);
    await signals.shown.set(1);
    const { epoch } = backend.version;
    const { next } = await open([
      ["req:open", 0, epoch],
      ["req:shown", 2, epoch],
    ]);
    expect(await next()).toEqual(["req:open", "[1]", 1, epoch]);
    await signals.shown.set(2);
    expect(await next()).toEqual(["req:shown", "[2]", 3, epoch]);
  });

  it("of a key that changes quickly are the newest", async () => {
    const { next } = await open([["req:open", 0, backend.version.epoch]]);
    await Promise.all([1, 2, 3].map((value) => signals.open.set(value)));
    const values = [await next()];
    while (values.at(-1)![1] !== "[3]") values.push(await next());
    expect(values.length).toBeLessThan(3);
  });

  it("are sent again to a browser that knows another history", async () => {
    await signals.open.set(1);
    const { next } = await open([["req:open", 99, "of-another-store"]]);
    expect(await next()).toEqual(["req:open", "[1]", 1, backend.version.epoch]);
  });

  it("are none of signals that are not exposed, whatever a browser asks for", async () => {
    await signals.secret.set("t0p");
    const { next } = await open([
      ["req:secret", -1, ""],
      ["req:nothing", -1, ""],
      ["req:open", -1, ""],
    ]);
    expect(await next()).toMatchObject({ 0: "req:open", 1: null });
    await signals.secret.set("t1p");
    await signals.open.set(2);
    expect(await next()).toMatchObject({ 0: "req:open", 1: "[2]" });
  });

  it("are not sent of a key whose stored text is no value, and the others go on", async () => {
    const log = vi.spyOn(console, "error").mockImplementation(() => {});
    const { epoch } = backend.version;
    holdText("req:name", "[[-7,4294967295]]");
    const { next } = await open([
      ["req:name", 0, ""],
      ["req:shown", 0, epoch],
    ]);
    await signals.shown.set(1);
    expect(await next()).toEqual(["req:shown", "[1]", 1, epoch]);
    await signals.shown.set(2);
    expect(await next()).toEqual(["req:shown", "[2]", 2, epoch]);
    expect(log.mock.calls.filter((call) => call.join(" ").includes("req:name"))).toHaveLength(1);
  });

  it("come later where the actor is away", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    await signals.open.set(1);
    const load = vi.spyOn(backend, "load").mockRejectedValueOnce(new KawaError("BACKEND_TIMEOUT", "away"));
    const { next } = await open([["req:open", -1, ""]]);
    const row = next();
    await vi.waitFor(() => expect(load).toHaveBeenCalledTimes(1), { interval: 1 });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await row).toMatchObject({ 0: "req:open", 1: "[1]" });
  });

  it("are what the opener of each stream may see, asked for anew at each change", async () => {
    const guarded = guardedBackend(`guarded-${count}`);
    registerBackend(guarded.backend, { global: false });
    onTestFinished(() => unregisterBackend(guarded.backend));
    const private_ = namespace("private", { backend: guarded.backend }).signal("note", "", { expose: "read" });
    const of = { private_ };
    guarded.actsAs("ada");
    const ada = await open([["private:note", -1, ""]], { of });
    expect(await ada.next()).toMatchObject({ 0: "private:note", 1: '["for ada: 0"]' });
    guarded.actsAs("eve");
    const eve = await open([["private:note", 1, "g"]], { of });
    expect(await eve.next()).toEqual(["private:note", null, 0, ""]);
    guarded.actsAs("ada");
    guarded.change();
    expect(await ada.next()).toMatchObject({ 0: "private:note", 1: '["for ada: 1"]' });
  });

  /** Shows each identity a value of its own, and none to Eve. */
  function guardedBackend(id: string) {
    const memory = createMemoryBackend(id);
    const listeners = new Set<Parameters<Backend["onChange"]>[0]>();
    let identity = "";
    let version = 0;
    const readerFor = async (): Promise<Reader> => {
      const who = identity;
      const shown = version;
      const entry: Entry = { state: "present", seq: shown + 1, value: `for ${who}: ${shown}` };
      return {
        entry: () => cell(entry),
        load: async () => {
          if (who === "eve") throw new KawaError("ACTION_REFUSED", "Not Eve.");
        },
      };
    };
    const backend: Backend = {
      ...memory,
      isGuarded: true,
      version: { epoch: "g", seq: 0 },
      readerFor,
      onChange(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    };
    return {
      backend,
      actsAs: (who: string) => void (identity = who),
      change() {
        version += 1;
        for (const listener of listeners) listener({ keys: ["private:note"], version: { epoch: "g", seq: version } });
      },
    };
  }
});
