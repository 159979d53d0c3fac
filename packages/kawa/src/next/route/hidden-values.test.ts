import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type Backend,
  type Entry,
  type Reader,
  registerBackend,
  unregisterBackend,
} from "../../core/backend/backend.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { createMemoryBackend } from "../../core/memory/memory-backend.ts";
import { namespace } from "../../core/namespace.ts";
import { cell } from "../../core/process/reactive.ts";
import type { BackedSignal } from "../../core/signal.ts";
import { type CommutingChange, encodeChange } from "../../core/value/commuting.ts";
import type { ReadReply, ValueRow } from "../../browser/value-protocol.ts";
import { ExposedSignals } from "../values/exposed-signals.ts";
import { readValues } from "../values/read-values.ts";
import { applyWrite } from "../values/write-value.ts";
import { ValueFeed } from "../stream/value-feed.ts";

type Hiding = "refuses" | "shows nothing" | "fails";

let memory: Backend;
let backend: Backend;
/** What the hook makes of each key; nothing for what it shows. */
let hidden: Map<string, Hiding>;

beforeEach(() => {
  hidden = new Map();
  memory = createMemoryBackend("hidden-values");
  const reader: Reader = {
    entry: (key) =>
      hidden.has(key) ? cell<Entry>({ state: "absent", seq: memory.entry(key).peek().seq }) : memory.entry(key),
    load: async (keys) => {
      if (keys.some((key) => hidden.get(key) === "fails"))
        throw new KawaError("CONTEXT_UNAVAILABLE", "a malformed cookie");
      if (keys.some((key) => hidden.get(key) === "refuses")) throw new KawaError("ACTION_REFUSED", "no");
    },
  };
  backend = Object.defineProperties(Object.create(memory) as Backend, {
    isGuarded: { value: true },
    version: { get: () => memory.version },
    readerFor: { value: async () => reader },
  });
  registerBackend(backend, { global: false });
});

afterEach(() => unregisterBackend(backend));

const signalOf = (name: string) => namespace("h", { backend }).signal(name, 0, { expose: "read" });

function feedOf(name: string): ValueRow[] {
  const sent: ValueRow[] = [];
  const signal = signalOf(name) as unknown as BackedSignal<unknown>;
  const feed = new ValueFeed({
    signals: new Map([[signal, [signal.key, -1, ""]]]),
    asOpener: (fn) => fn(),
    address: "",
    needsDrain: () => false,
    onRows: () => void sent.push(...(feed.take()?.rows ?? [])),
  });
  feed.start();
  onTestFinished(() => feed.stop());
  return sent;
}

const list = () => namespace("h", { backend }).signal<unknown[]>("list", [], { expose: "write" });
const counter = () => namespace("h", { backend }).signal("counter", 0, { expose: "write" });

async function change(key: string, asked: CommutingChange): Promise<unknown> {
  const signals = new ExposedSignals({ list: list(), counter: counter() });
  const client = { session: undefined, address: "" };
  return applyWrite({ id: randomUUID(), key: `h:${key}`, change: encodeChange(key, asked) }, { signals, client }).catch(
    (error: KawaError) => error.code,
  );
}

describe("a change of a value that is hidden", () => {
  it.each<Hiding>(["refuses", "shows nothing"])("tells nothing of it, where the hook %s", async (hiding) => {
    await memory.set("h:counter", 57);
    hidden.set("h:counter", hiding);
    const answers = [];
    for (const bounds of [{}, { min: 57 }, { min: 58 }])
      answers.push(JSON.stringify(await change("counter", { increment: 0, ...bounds })));
    expect(answers.join()).not.toContain("57");
    await memory.set("h:counter", 100);
    const others = [];
    for (const bounds of [{}, { min: 57 }, { min: 58 }])
      others.push(JSON.stringify(await change("counter", { increment: 0, ...bounds })));
    expect(others).toEqual(answers);
  });

  it("is refused without a reason", async () => {
    await memory.set("h:list", { secret: 1 });
    hidden.set("h:list", "shows nothing");
    expect(await change("list", { append: [1] })).toBe("ACTION_REFUSED");
    hidden.clear();
    expect(await change("list", { append: [2] })).toBe("CHANGE_REFUSED");
  });

  it("adds to it all the same", async () => {
    await memory.set("h:list", [1]);
    hidden.set("h:list", "refuses");
    await change("list", { append: [2] });
    expect(memory.entry("h:list").peek()).toMatchObject({ value: [1, 2] });
  });
});

const settle = (): Promise<void> => new Promise(setImmediate);

async function get(...names: string[]): Promise<ReadReply> {
  const signals = new ExposedSignals(Object.fromEntries(names.map((name) => [name, signalOf(name)])));
  const answer = await readValues(
    names.map((name) => `h:${name}`),
    { signals, client: { session: undefined, address: "" } },
  );
  return JSON.parse(answer.text) as ReadReply;
}

describe("a reading that fails for whoever opened a stream", () => {
  it("is reported once, however many keys they have named", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    for (let n = 0; n < 30; n += 1) {
      hidden.set(`h:name ${n}`, "fails");
      feedOf(`name ${n}`);
    }
    await settle();
    expect(report).toHaveBeenCalledTimes(1);
    vi.restoreAllMocks();
  });
});

describe.each<Hiding>(["refuses", "shows nothing"])("a key of which a hook %s", (hiding) => {
  it("is answered as one that does not exist, with the same number", async () => {
    await memory.set("h:secret", 7);
    hidden.set("h:secret", hiding);
    const [secret, absent] = [await get("secret"), await get("absent")];
    expect(secret).toEqual({ rows: [["h:secret", null, 0, ""]], refused: [] });
    expect(JSON.stringify(secret).replaceAll("secret", "absent")).toBe(JSON.stringify(absent));
  });

  it("is told to a stream once, and nothing of its changes", async () => {
    hidden.set("h:secret", hiding);
    const sent = feedOf("secret");
    await settle();
    for (let n = 0; n < 3; n += 1) {
      await memory.set("h:secret", n);
      await settle();
    }
    await memory.delete("h:secret");
    await settle();
    expect(sent).toEqual([["h:secret", null, 0, ""]]);
  });

  it("appears in a stream when it is shown, and disappears as if it were deleted", async () => {
    hidden.set("h:secret", hiding);
    const sent = feedOf("secret");
    await settle();
    hidden.clear();
    await memory.set("h:secret", 5);
    await vi.waitFor(() => expect(sent.at(-1)).toEqual(["h:secret", "[5]", 1, memory.version.epoch]));
    hidden.set("h:secret", hiding);
    await memory.set("h:secret", 6);
    await vi.waitFor(() => expect(sent.at(-1)).toEqual(["h:secret", null, 0, ""]));
    expect(sent).toHaveLength(3);
  });
});
