import { stringify } from "devalue";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { asFrom } from "../../../test/support/as-from.ts";
import { type Backend, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { collection } from "../../core/collection.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { namespace } from "../../core/namespace.ts";
import { encodeValue } from "../../core/value/value.ts";
import type { StandardSchema } from "../../core/standard-schema.ts";
import type { KnownNumber, TransactionPart, TransactionReply } from "../../browser/value-protocol.ts";
import { createReactiveRoute, type ReactiveRouteOptions } from "./reactive-route.ts";

let backend: Backend;
let count = 0;

beforeEach(() => {
  count += 1;
  backend = createMemoryBackend(`transactions-${count}`);
  registerBackend(backend, { global: true });
});
afterEach(() => {
  unregisterBackend(backend);
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const upToHundred: StandardSchema<number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: async (value) =>
      Number(value) <= 100 ? { value: Math.round(value as number) } : { issues: [{ message: "At most 100." }] },
  },
};

const app = namespace("tx");
const elsewhere = createMemoryBackend("transactions-elsewhere");
const signals = {
  a: app.signal("a", 0, { expose: "write" }),
  b: app.signal("b", 0, { expose: "write" }),
  list: app.signal<number[]>("list", [], { expose: "write" }),
  shown: app.signal("shown", 0, { expose: "read" }),
  checked: app.signal("checked", 0, { expose: "write", schema: upToHundred }),
  aged: app.signal("aged", 0, { expose: "write", version: 2, migrate: (before) => (before as number) * 10 }),
  far: namespace("far", { backend: elsewhere }).signal("n", 0, { expose: "write" }),
  many: app.family((n: string) => ({ key: `many:${n}`, default: 0 }), { expose: "write" }),
  todos: collection<{ title: string }>(app, "todos", { expose: "write" }),
};
const secret = app.signal("secret", 7);

type Answer = TransactionReply & { readonly status: number; readonly code?: string; readonly error?: string };
let idCount = 0;

async function put(
  {
    reads = [],
    writes = [],
    ...more
  }: {
    reads?: readonly KnownNumber[];
    writes?: readonly TransactionPart[];
    bases?: readonly KnownNumber[];
    id?: string;
  },
  options: ReactiveRouteOptions = {},
): Promise<Answer> {
  idCount += 1;
  const { PUT } = createReactiveRoute({ signals, ...options });
  const body = JSON.stringify({ transaction: { id: `t${idCount}`, reads, writes, ...more } });
  const headers = { "content-type": "application/json" };
  const response = await PUT(new Request("http://host/api/reactive", { method: "PUT", body, headers }));
  return { status: response.status, ...((await response.json()) as TransactionReply) };
}

const numberOf = (key: string, seq: number): KnownNumber => [`tx:${key}`, seq, backend.version.epoch];
const value = (key: string, given: unknown): TransactionPart => ({ key: `tx:${key}`, text: stringify(given) });
const change = (key: string, ...changes: object[]): TransactionPart => ({
  key: `tx:${key}`,
  changes: changes.map((one) => stringify(one)),
});

describe("a transaction of a browser", () => {
  it("is one change, and is answered with what there is then", async () => {
    await signals.a.set(100);
    await signals.list.set([1]);
    const changes: (readonly string[])[] = [];
    backend.onChange(({ keys }) => changes.push(keys));
    const { seq } = backend.entry("tx:a").peek();
    const answer = await put({
      reads: [numberOf("a", seq), numberOf("b", 0)],
      writes: [value("a", 70), value("b", 30), change("list", { append: [2] }, { append: [3] })],
    });
    const { epoch } = backend.version;
    expect(answer).toEqual({
      status: 200,
      rows: [
        ["tx:a", "[70]", seq + 2, epoch],
        ["tx:b", "[30]", seq + 2, epoch],
        ["tx:list", "[[1,2,3],1,2,3]", seq + 2, epoch],
      ],
    });
    expect(changes).toEqual([["tx:a", "tx:b", "tx:list"]]);
  });

  it.each<[what: string, writes: readonly TransactionPart[], code: string]>([
    ["a key that is not exposed", [{ key: secret.key, text: "[1]" }], "NOT_EXPOSED"],
    ["a key that is exposed for reading", [value("shown", 1)], "NOT_EXPOSED"],
    ["what a schema refuses", [value("checked", 101)], "VALUE_INVALID"],
    ["a change that a schema refuses", [change("checked", { increment: 101 })], "VALUE_INVALID"],
    ["a change out of its bounds", [change("b", { increment: -1, min: 0 })], "CHANGE_REFUSED"],
    ["a change that does not fit", [change("b", { append: [1] })], "CHANGE_REFUSED"],
    ["a malformed value", [{ key: "tx:b", text: "[" }], "REQUEST_INVALID"],
    ["a malformed change", [{ key: "tx:b", changes: ["[1]"] }], "REQUEST_INVALID"],
    ["another backend", [{ key: "far:n", text: "[1]" }], "TRANSACTION_INVALID"],
  ])("makes nothing where one of its writes is refused: %s", async (_, writes, code) => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    expect(await put({ writes: [value("a", 1), ...writes] })).toMatchObject({ code });
    expect([await signals.a.get(), await signals.b.get(), await signals.far.get()]).toEqual([0, 0, 0]);
    expect(backend.version.seq).toBe(0);
  });

  it("compares what it has read, and tells what there is", async () => {
    await signals.a.set(5);
    const [row] = [["tx:a", "[5]", 1, backend.version.epoch]];
    for (const reads of [[numberOf("a", 0)], [numberOf("a", 2)], [["tx:a", 1, "other"] as const]]) {
      const answer = await put({ reads, writes: [value("b", 1)] });
      expect(answer).toEqual({ status: 200, isConflict: true, rows: [["tx:b", null, 0, expect.any(String)], row] });
    }
    expect(await put({ reads: [numberOf("a", 1)] })).toEqual({ status: 200, rows: [] });
    expect(await signals.b.get()).toBe(0);
  });

  it("may not compare what browsers may not read", async () => {
    const answer = await put({ reads: [[secret.key, 0, ""]], writes: [value("a", 1)] });
    expect([answer.code, await signals.a.get()]).toEqual(["NOT_EXPOSED", 0]);
  });

  it("has schemas see values and the results of changes", async () => {
    expect(await put({ writes: [value("checked", 1.6), value("a", 1)] })).toMatchObject({
      rows: [["tx:checked", "[2]", 1, expect.any(String)], expect.anything()],
    });
    await put({ writes: [change("checked", { increment: 0.6 })] });
    expect(await signals.checked.get()).toBe(3);
    await Promise.all(Array.from({ length: 5 }, () => put({ writes: [change("checked", { increment: 1 })] })));
    expect(await signals.checked.get()).toBe(8);
  });

  it("is of the version of the definition: an earlier page's values are migrated, and its changes refused", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    await put({ writes: [value("aged", 7)] });
    expect(await signals.aged.get()).toBe(70);
    await put({ writes: [{ key: "tx:aged", text: encodeValue("tx:aged", 5, undefined, 2) }] });
    expect(await signals.aged.get()).toBe(5);
    const answer = await put({ writes: [value("a", 1), change("aged", { increment: 1 })] });
    expect([answer.code, await signals.a.get()]).toEqual(["VALUE_TOO_NEW", 0]);
  });

  it("writes rows of collections, and ends them", async () => {
    await signals.todos.upsert("old", { title: "Old" });
    const answer = await put({
      reads: [numberOf("todos:new", 0)],
      writes: [value("todos:new", { title: "New" }), { key: "tx:todos:old", text: null }],
    });
    expect(answer.rows).toHaveLength(2);
    expect(await signals.todos.query().get()).toEqual([{ id: "new", value: { title: "New" } }]);
  });

  it("is not made again when it is sent again", async () => {
    const asked = { id: "again", writes: [change("a", { increment: 1 })] };
    await put(asked);
    await signals.a.set(5);
    expect(await put({ ...asked, bases: [numberOf("a", 0)] })).toMatchObject({
      status: 200,
      rows: [["tx:a", "[5]", 2, expect.anything()]],
    });
    const conflict = { id: "lost", reads: [numberOf("a", 1)], writes: [value("b", 1)] };
    await put(conflict);
    expect(await put({ ...conflict, bases: [numberOf("b", 0)] })).toMatchObject({ isConflict: true });
    expect([await signals.a.get(), await signals.b.get()]).toEqual([5, 0]);
  });

  it("that comes again to a server that knows nothing of it is made only where it was not", async () => {
    const asked = { reads: [numberOf("a", 0)], writes: [value("a", 1), value("b", 2)] };
    const bases = [numberOf("a", 0), numberOf("b", 0)];
    expect(await put({ ...asked, bases })).toMatchObject({
      status: 200,
      rows: [
        ["tx:a", "[1]", 1, expect.anything()],
        ["tx:b", "[2]", 1, expect.anything()],
      ],
    });
    // It was made: all of it is there, of one commit.
    expect(await put({ ...asked, bases })).toMatchObject({ rows: [{ 2: 1 }, { 2: 1 }] });
    await signals.b.set(2);
    expect(await put({ ...asked, bases })).toMatchObject({ status: 504, code: "WRITE_UNCONFIRMED" });
    await signals.b.set(3);
    expect(await put({ ...asked, bases })).toMatchObject({ code: "WRITE_UNCONFIRMED" });
    const changing = { writes: [change("a", { increment: 1 })] };
    expect(await put({ ...changing, bases: [numberOf("a", 0)] })).toMatchObject({ code: "WRITE_UNCONFIRMED" });
    expect([await signals.a.get(), await signals.b.get()]).toEqual([1, 3]);
  });

  it("costs as much as its writes", async () => {
    // No time passes, in which it might have more.
    vi.useFakeTimers({ toFake: ["performance"] });
    const options = { maxRequestsPerSecond: 1, maxRequestsPerSecondOfAddress: 1 };
    const answers = await asFrom("192.0.2.78", async () => [
      await put({ writes: [change("a", { increment: 1 }, { increment: 1 }), change("b", { increment: 1 })] }, options),
      await put({ writes: [change("a", { increment: 1 })] }, options),
    ]);
    expect(answers.map(({ code }) => code)).toEqual([undefined, "RATE_LIMITED"]);
    const tooMuch = await asFrom("192.0.2.79", () =>
      put({ writes: Array.from({ length: 5 }, (_, n) => value(`many:${n}`, 1)) }, options),
    );
    expect([tooMuch.code, await signals.many("0").get()]).toEqual(["RATE_LIMITED", 0]);
  });

  it.each<[what: string, transaction: unknown]>([
    ["nothing", {}],
    ["no list", { id: "x", reads: [], writes: "all" }],
    ["no keys", { id: "x", reads: [], writes: [] }],
    ["a key twice", { id: "x", reads: [], writes: [value("a", 1), value("a", 2)] }],
    ["too many keys", { id: "x", reads: [], writes: Array.from({ length: 101 }, (_, n) => value(`many:${n}`, 1)) }],
    [
      "keys in all",
      {
        id: "x",
        reads: Array.from({ length: 60 }, (_, n) => [`tx:many:${n}`, 0, ""]),
        writes: Array.from({ length: 60 }, (_, n) => value(`many:${100 + n}`, 1)),
      },
    ],
    [
      "too many changes",
      { id: "x", reads: [], writes: [change("a", ...Array.from({ length: 101 }, () => ({ increment: 1 })))] },
    ],
    ["text and changes", { id: "x", reads: [], writes: [{ key: "tx:a", text: "[1]", changes: ["[1]"] }] }],
    ["a base of nothing that it writes", { id: "x", reads: [], writes: [value("a", 1)], bases: [["tx:b", 0, ""]] }],
    ["a query", { id: "x", reads: [[signals.todos.query().key, 0, ""]], writes: [value("a", 1)] }],
  ])("is refused where it holds %s", async (_, transaction) => {
    expect(await put(transaction as never)).toMatchObject({ status: 400, code: "REQUEST_INVALID" });
    expect(backend.version.seq).toBe(0);
  });

  it.each<[what: string, more: object]>([
    ["what a transaction has", { reads: [["tx:a", 0, ""]] }],
    ["what a group has, and no list of it", { writes: { length: 1 } }],
    ["names of every object", { constructor: 1, hasOwnProperty: 1, toString: 1 }],
  ])("is no write that has %s besides", async (_, more) => {
    const { PUT } = createReactiveRoute({ signals });
    idCount += 1;
    const body = JSON.stringify({ id: `w${idCount}`, key: "tx:a", text: "[1]", ...more });
    const headers = { "content-type": "application/json" };
    const response = await PUT(new Request("http://host/api/reactive", { method: "PUT", body, headers }));
    expect([response.status, await signals.a.get()]).toEqual([204, 1]);
  });
});
