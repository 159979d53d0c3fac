import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../core/backend/backend.ts";
import { versionOfEntry } from "../../core/backend/entry.ts";
import { collection } from "../../core/collection.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { namespace } from "../../core/namespace.ts";
import { type BackedSignal, backed } from "../../core/signal.ts";
import type { StandardSchema } from "../../core/standard-schema.ts";
import { encodeChange } from "../../core/value/commuting.ts";
import { unfitText } from "../../core/value/unfit-text.ts";
import { encodeValue } from "../../core/value/value.ts";
import type { ErrorReply, ReadReply, ValueRow, WriteReply, WriteRequest } from "../../browser/value-protocol.ts";
import { ExposedSignals } from "../values/exposed-signals.ts";
import { ValueFeed } from "../stream/value-feed.ts";
import { createReactiveRoute } from "./reactive-route.ts";

type User = { readonly name: string };

let backend: Backend;
let count = 0;

beforeEach(() => {
  count += 1;
  backend = createMemoryBackend(`versions-${count}`);
  registerBackend(backend, { global: true });
  vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  unregisterBackend(backend);
  vi.restoreAllMocks();
});

const schema: StandardSchema<User> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) =>
      typeof (value as User | undefined)?.name === "string"
        ? { value: { name: (value as User).name } }
        : { issues: [{ message: "no name" }] },
  },
};
/** Version 1 had a secret beside the name. */
const migrate = (value: unknown): User => ({ name: (value as User).name });
const app = namespace("versions");
const nobody: User = { name: "nobody" };
const user = app.signal("user", nobody, { expose: "write", version: 2, migrate });
const checked = app.signal("checked", nobody, { expose: "write", schema, version: 2, migrate });
const counter = app.signal("counter", 0, { expose: "write", version: 2, migrate: Number });
const users = collection<User>(app, "users", { expose: "write", schema, version: 2, migrate });
const signals = { user, checked, counter, users };

const text = (value: unknown, version?: number): string => encodeValue("key", value, undefined, version);
const stored = (key: string): readonly [version: number, value: unknown] => {
  const entry = backend.entry(key).peek();
  return [versionOfEntry(entry), entry.state === "present" ? entry.value : undefined];
};

async function read(...keys: string[]): Promise<ReadReply> {
  const { GET } = createReactiveRoute({ signals });
  const response = await GET(new Request(`http://host/api/reactive?keys=${encodeURIComponent(JSON.stringify(keys))}`));
  return (await response.json()) as ReadReply;
}

async function write(
  request: Omit<WriteRequest, "id">,
): Promise<{ status: number } & Partial<WriteReply & ErrorReply>> {
  const { PUT } = createReactiveRoute({ signals });
  const body = JSON.stringify({ id: `w${Math.random()}`, ...request });
  const headers = { "content-type": "application/json" };
  const response = await PUT(new Request("http://host/api/reactive", { method: "PUT", body, headers }));
  return { status: response.status, ...(response.status === 204 ? {} : ((await response.json()) as WriteReply)) };
}

/** What a stream sends of some signals. */
function feedOf(...followed: BackedSignal<unknown>[]): ValueRow[] {
  const sent: ValueRow[] = [];
  const feed = new ValueFeed({
    signals: new Map(followed.map((signal) => [signal, [signal.key, -1, ""]])),
    asOpener: (fn) => fn(),
    address: "",
    needsDrain: () => false,
    onRows: () => void sent.push(...(feed.take()?.rows ?? [])),
  });
  feed.start();
  onTestFinished(() => feed.stop());
  return sent;
}

const textIn = (rows: readonly ValueRow[], key: string): string | null | undefined =>
  rows.findLast((row) => row[0] === key)?.[1];

describe("what a browser reads", () => {
  it("is migrated before it leaves the server, which keeps back what the definition leaves out", async () => {
    await backend.set(user.key, { name: "Ada", secret: "t0p" });
    await backend.set("versions:users:a", { name: "Ada", secret: "t0p" });
    const { rows } = await read(user.key, "versions:users:a");
    expect(rows.map((row) => row[1])).toEqual([text({ name: "Ada" }, 2), text({ name: "Ada" }, 2)]);
    const feed = feedOf(backed(user) as BackedSignal<unknown>);
    await vi.waitFor(() => expect(textIn(feed, user.key)).toBe(text({ name: "Ada" }, 2)));
    await backend.set(user.key, { name: "Bob", secret: "t0p" });
    await vi.waitFor(() => expect(textIn(feed, user.key)).toBe(text({ name: "Bob" }, 2)));
    expect(JSON.stringify([rows, feed])).not.toContain("t0p");
  });

  it("is sent with the lists of queries too", async () => {
    const query = new ExposedSignals(signals).find(users.query().key, "read")!;
    await query.backend.load([query.key]);
    const feed = feedOf(query);
    await vi.waitFor(() => expect(feed.length).toBeGreaterThan(0));
    await backend.set("versions:users:a", { name: "Ada", secret: "t0p" });
    await vi.waitFor(() => expect(textIn(feed, "versions:users:a")).toBe(text({ name: "Ada" }, 2)));
    expect(JSON.stringify(feed)).not.toContain("t0p");
  });

  it("is an error of that key where it does not fit, and the rest is read", async () => {
    await backend.set(checked.key, { name: 5, secret: "t0p" });
    await backend.set(user.key, { name: "Ada" }, { version: 3 });
    await backend.set(counter.key, 5, { version: 2 });
    const { rows } = await read(checked.key, user.key, counter.key);
    expect(rows.map((row) => row[1])).toEqual([unfitText("VALUE_INVALID"), unfitText("VALUE_TOO_NEW"), text(5, 2)]);
    expect(vi.mocked(console.error).mock.calls.flat().join()).toContain(checked.key);
  });

  it("becomes an error while it is shown", async () => {
    await backend.set(checked.key, { name: "Ada" }, { version: 2 });
    const feed = feedOf(backed(checked) as BackedSignal<unknown>);
    await vi.waitFor(() => expect(textIn(feed, checked.key)).toBe(text({ name: "Ada" }, 2)));
    await backend.set(checked.key, {}, { version: 2 });
    await vi.waitFor(() => expect(textIn(feed, checked.key)).toBe(unfitText("VALUE_INVALID")));
  });
});

describe("what a browser writes", () => {
  it("is stored with the version of the definition", async () => {
    expect(await write({ key: user.key, text: text({ name: "Ada" }, 2) })).toEqual({ status: 204 });
    expect(stored(user.key)).toEqual([2, { name: "Ada" }]);
  });

  it("is migrated where a page of an earlier build writes it, and checked then", async () => {
    expect((await write({ key: checked.key, text: text({ name: "Ada", secret: "t0p" }) })).row?.[1]).toBe(
      text({ name: "Ada" }, 2),
    );
    expect(stored(checked.key)).toEqual([2, { name: "Ada" }]);
    expect(await write({ key: checked.key, text: text({ name: 5 }) })).toMatchObject({ code: "VALUE_INVALID" });
    expect(await write({ key: checked.key, text: text(null) })).toMatchObject({ code: "VALUE_NOT_MIGRATED" });
  });

  it("is refused where a page of a later build writes it", async () => {
    await user.set({ name: "Ada" });
    const later = await write({ key: user.key, text: text({ first: "Ada" }, 3) });
    expect(later).toMatchObject({
      status: 409,
      code: "VALUE_TOO_NEW",
      error: expect.stringContaining("load the page"),
    });
    expect(stored(user.key)).toEqual([2, { name: "Ada" }]);
  });

  it("as a change is made of the migrated value, by pages of the same build alone", async () => {
    await backend.set(counter.key, "5");
    const change = encodeChange(counter.key, { increment: 1 });
    expect(await write({ key: counter.key, change, version: 2 })).toMatchObject({ status: 200, made: 6 });
    expect(stored(counter.key)).toEqual([2, 6]);
    for (const version of [undefined, 1, 3])
      expect(await write({ key: counter.key, change, version })).toMatchObject({ code: "VALUE_TOO_NEW" });
    expect(await write({ key: counter.key, change, version: "2" as never })).toMatchObject({ code: "REQUEST_INVALID" });
    expect(stored(counter.key)).toEqual([2, 6]);
  });

  it("as a change is no change of a later value", async () => {
    await backend.set(counter.key, 5, { version: 3 });
    const change = encodeChange(counter.key, { increment: 1 });
    expect(await write({ key: counter.key, change, version: 2 })).toMatchObject({ code: "VALUE_TOO_NEW" });
    expect(stored(counter.key)).toEqual([3, 5]);
  });
});
