import { stringify } from "devalue";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { asFrom } from "../../../test/support/as-from.ts";
import { type Backend, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { namespace } from "../../core/namespace.ts";
import type { StandardSchema } from "../../core/standard-schema.ts";
import type { GroupedReply, WriteRequest } from "../../browser/value-protocol.ts";
import { writePace } from "../limits/write-pace.ts";
import { createReactiveRoute, type ReactiveRouteOptions } from "./reactive-route.ts";

let backend: Backend;
let count = 0;

beforeEach(() => {
  count += 1;
  backend = createMemoryBackend(`grouped-${count}`);
  registerBackend(backend, { global: true });
});
afterEach(() => {
  unregisterBackend(backend);
  vi.restoreAllMocks();
});

/** Numbers up to 3; it looks a while. */
const upToThree: StandardSchema<number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value) => {
      await new Promise(setImmediate);
      if (value === "throws") throw new Error("broken schema");
      return Number(value) <= 3 ? { value: value as number } : { issues: [{ message: "At most 3." }] };
    },
  },
};

const app = namespace("grouped");
const signals = {
  open: app.signal("open", 0, { expose: "write" }),
  other: app.signal("other", 0, { expose: "write" }),
  shown: app.signal("shown", 0, { expose: "read" }),
  checked: app.signal("checked", 0, { expose: "write", schema: upToThree }),
  list: app.signal<unknown[]>("list", [], { expose: "write" }),
};

let writeCount = 0;
const write = (key: string, rest: Partial<WriteRequest>): WriteRequest => {
  writeCount += 1;
  return { id: `w${writeCount}`, key: `grouped:${key}`, ...rest };
};

async function put(body: unknown, options: ReactiveRouteOptions = {}): Promise<{ status: number; body: unknown }> {
  const { PUT } = createReactiveRoute({ signals, ...options });
  const headers = { "content-type": "application/json" };
  const response = await PUT(
    new Request("http://host/api/reactive", { method: "PUT", body: JSON.stringify(body), headers }),
  );
  return { status: response.status, body: response.status === 204 ? undefined : await response.json() };
}

async function putGroup(writes: readonly unknown[], options?: ReactiveRouteOptions): Promise<readonly GroupedReply[]> {
  const { status, body } = await put({ writes }, options);
  expect(status).toBe(200);
  return (body as { replies: readonly GroupedReply[] }).replies;
}

/** A short text of lists in lists, each of which holds the next one so many times. */
function stringifyShared(width: number, depth: number): string {
  const lists = Array.from({ length: depth }, (_, at) => Array<number>(width).fill(at + 1));
  return JSON.stringify([...lists, []]);
}

describe("several writes of one request", () => {
  it("are answered each for itself, in their order", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const replies = await putGroup([
      write("open", { text: "[7]" }),
      write("shown", { text: "[1]" }),
      write("checked", { text: "[4]" }),
      write("checked", { text: stringify("throws") }),
      write("checked", { text: "[3]" }),
      { key: "grouped:open" },
      "nothing",
    ]);
    expect(replies).toMatchObject([
      { accepted: expect.stringMatching(/^\d+ \w+$/) },
      { code: "NOT_EXPOSED" },
      { code: "VALUE_INVALID", error: "At most 3." },
      { code: "WRITE_UNCONFIRMED" },
      { accepted: expect.any(String) },
      { code: "REQUEST_INVALID" },
      { code: "REQUEST_INVALID" },
    ]);
    expect([await signals.open.get(), await signals.shown.get(), await signals.checked.get()]).toEqual([7, 0, 3]);
  });

  it("keep the order of one key", async () => {
    await putGroup([1, 2, 3].map((n) => write("checked", { text: `[${n}]` })));
    expect(await signals.checked.get()).toBe(3);
  });

  it("that are sent again are not applied again", async () => {
    const again = [write("open", { text: "[1]" }), write("list", { change: stringify({ append: [1] }) })];
    await putGroup(again);
    await signals.open.set(5);
    const replies = await putGroup(again.map((one) => ({ ...one, expect: 0, isAgain: true })));
    expect(replies).toMatchObject([
      { row: ["grouped:open", "[5]", 3, expect.any(String)] },
      { row: ["grouped:list", "[[1],1]", expect.any(Number), expect.any(String)] },
    ]);
    expect(await signals.list.get()).toEqual([1]);
  });

  it.each([
    ["a value", { text: "[1]" }, 30],
    ["a change", { change: stringify({ increment: 1 }) }, 3],
    ["an update", { text: "[1]", expect: 0 }, 3],
    // Of 10,000 lists.
    ["a value of a short text", { text: stringifyShared(100, 2) }, 3],
  ])("%s costs what it takes", async (what, given, most) => {
    const options = { maxRequestsPerSecond: 1, maxRequestsPerSecondOfAddress: 1 };
    const replies = await asFrom(`192.0.2.${80 + what.length}`, () =>
      putGroup(
        Array.from({ length: 40 }, () => write("open", given)),
        options,
      ),
    );
    const codes = replies.map((reply) => ("code" in reply ? reply.code : "made"));
    const made = codes.indexOf("RATE_LIMITED");
    expect(codes).toEqual([...Array(made).fill("made"), ...Array(40 - made).fill("RATE_LIMITED")]);
    // Four requests at once, and one a second more; the bytes of the body cost a little too.
    expect(made).toBeGreaterThanOrEqual(most);
    expect(made).toBeLessThanOrEqual(most * 1.3 + 1);
    expect(replies.at(-1)).toMatchObject({ retryAfterMs: expect.any(Number) });
  });

  it("are answered later on a busy server where one goes on with what its browser has just written", async () => {
    const free = Promise.withResolvers<void>();
    vi.spyOn(writePace(), "whenRoom").mockReturnValue(free.promise);
    const answered: string[] = [];
    const next = putGroup([write("open", { text: "[1]" }), write("other", { text: "[1]", isNext: true })]).then(() =>
      answered.push("next"),
    );
    await vi.waitFor(async () => expect(await signals.other.get()).toBe(1));
    await putGroup([write("open", { text: "[2]" }), write("other", { text: "[2]" })]);
    answered.push("first");
    free.resolve();
    await next;
    expect(answered).toEqual(["first", "next"]);
  });

  it("wait for no timer on a server that has time", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const next = (key: string): WriteRequest => write(key, { text: "[1]", isNext: true });
    expect(await putGroup([next("open"), next("other")])).toMatchObject([{ accepted: expect.any(String) }, {}]);
    expect(await put(next("open"))).toMatchObject({ status: 204 });
  });

  it("are limited in number, and together in size", async () => {
    expect(await put({ writes: [] })).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
    const many = Array.from({ length: 101 }, () => write("open", { text: "[1]" }));
    expect(await put({ writes: many })).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
    const long = [1, 2].map(() => write("list", { text: stringify(["x".repeat(600)]) }));
    expect(await put({ writes: long }, { maxWriteBytes: 1_000 })).toMatchObject({ status: 413 });
  });
});

it("rows that are too many for one answer are left out", async () => {
  await signals.list.set(["x".repeat(200_000)]);
  const replies = await putGroup(
    Array.from({ length: 50 }, () => write("list", { change: stringify({ append: [1] }) })),
    { maxRequestsPerSecond: 1_000 },
  );
  const rows = replies.map((reply) => ("row" in reply ? reply.row : undefined));
  expect(rows.map((row) => row !== undefined)).toEqual([...Array(5).fill(true), ...Array(45).fill(false)]);
  expect(await signals.list.get()).toHaveLength(51);
});

describe("a change of a browser", () => {
  it("is made of the newest value, and says what it has made", async () => {
    await signals.open.set(5);
    const change = stringify({ increment: 2, max: 8 });
    expect(await put(write("open", { change }))).toMatchObject({
      status: 200,
      body: { row: ["grouped:open", "[7]", 2, expect.any(String)], made: 7 },
    });
    expect(await put(write("open", { change }))).toMatchObject({
      status: 409,
      body: { code: "CHANGE_REFUSED", error: "That would be out of range." },
    });
    expect(await put(write("list", { change: stringify({ append: [1, 2] }) }))).toMatchObject({ status: 200 });
    expect(await signals.list.get()).toEqual([1, 2]);
  });

  it("is refused by the schema of the result, also where many come at once", async () => {
    const change = stringify({ increment: 1 });
    const replies = await Promise.all(Array.from({ length: 5 }, () => put(write("checked", { change }))));
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 422, 422]);
    expect(await signals.checked.get()).toBe(3);
  });

  it("that is sent again to a server that does not know of it is made only where nothing has changed", async () => {
    const again = { change: stringify({ increment: 1 }), expect: 0, isAgain: true };
    expect(await put(write("open", again))).toMatchObject({ status: 200, body: { made: 1 } });
    expect(await put(write("open", again))).toMatchObject({ status: 504, body: { code: "WRITE_UNCONFIRMED" } });
    expect(await signals.open.get()).toBe(1);
  });

  it.each([
    ["no text"],
    ["[1]"],
    [stringify({ increment: "1" })],
    [stringify({ increment: 1, merge: {} })],
    [stringify({})],
  ])("that is none is refused: %s", async (change) => {
    expect(await put(write("open", { change }))).toMatchObject({ status: 400, body: { code: "REQUEST_INVALID" } });
  });

  it("has no value beside it, and needs a signal that may be written", async () => {
    const change = stringify({ increment: 1 });
    expect(await put(write("open", { change, text: "[1]" }))).toMatchObject({ status: 400 });
    expect(await put(write("shown", { change }))).toMatchObject({ status: 404, body: { code: "NOT_EXPOSED" } });
  });
});
