import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { effect } from "../../src/core/effect.ts";
import type { Backend, Change, Entry } from "../../src/core/backend/backend.ts";
import { codeOf } from "../support/caught.ts";
import { describeChanging } from "./changing.ts";
import { describeDeleting } from "./deleting.ts";
import { describeEphemeral } from "./ephemeral.ts";
import { describeGivenOutValues } from "./given-out-values.ts";
import { describeListing } from "./listing.ts";
import { describeSnapshots } from "./snapshots.ts";
import { describeRefusedValues } from "./refused-values.ts";
import { describeTransacting } from "./transacting.ts";
import { describeStreams } from "./streams.ts";
import { describeVersions } from "./versions.ts";
import { increment, read as readFrom, valueOf, watch as watchBackend } from "./support.ts";

/** Makes a backend with no values. The suite closes it. */
export type BackendFactory = () => Backend | Promise<Backend>;

const oddKeys = [
  ...["a:b:c", "with space", "ключ", "🎈", "quote\"'\\", "%_[]*", "line\nbreak", "0", "-1"],
  // What a plain object has or treats in its own way.
  ...[
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "valueOf",
    "hasOwnProperty",
    "__defineGetter__",
    "then",
    "length",
  ],
];

/** What every {@link Backend} promises, whatever it keeps its values in. */
export function describeBackendContract(name: string, createBackend: BackendFactory): void {
  describe(`${name} keeps the backend contract`, () => {
    let backend: Backend;

    beforeEach(async () => {
      backend = await createBackend();
    });

    afterEach(async () => {
      await backend.close();
    });

    const current = (): Backend => backend;
    const read = (key: string): Promise<Entry> => readFrom(backend, key);
    const watch = (): Change[] => watchBackend(backend);

    describe("reading", () => {
      it("knows after load that a key has no value", async () => {
        await backend.load(["nothing"]);
        expect(backend.entry("nothing").peek().state).toBe("absent");
      });

      it("loads many keys at once, some of them twice", async () => {
        await backend.set("b", 2);
        await backend.load(["a", "b", "a", "c"]);
        expect(["a", "b", "c"].map((key) => backend.entry(key).peek().state)).toEqual(["absent", "present", "absent"]);
      });

      it("loads nothing when it is given no keys", async () => {
        await expect(backend.load([])).resolves.toBeUndefined();
        expect(backend.status).toBe("connected");
      });

      it("gives the same live entry for the same key", async () => {
        const entry = backend.entry("same");
        await backend.set("same", 1);
        await backend.load(["same"]);
        expect(backend.entry("same")).toBe(entry);
        expect(entry.peek()).toMatchObject({ state: "present", value: 1 });
      });

      it("has a version with an epoch once it is connected", async () => {
        await backend.load([]);
        expect(backend.version.epoch).not.toBe("");
        expect(backend.version.seq).toBeGreaterThanOrEqual(0);
      });
    });

    describe.each(oddKeys)("the key %j", (key) => {
      it("works in every operation", async () => {
        expect((await read(key)).state).toBe("absent");
        await backend.set(key, { key });
        expect(valueOf(await read(key), undefined)).toEqual({ key });
        expect(await backend.update(key, (entry) => ({ was: valueOf(entry, undefined) }))).toEqual({ was: { key } });
        expect(await backend.keys("")).toEqual([key]);
        expect(await backend.keys(key)).toEqual([key]);
        expect([...(await backend.entries(key))]).toEqual([[key, { was: { key } }]]);
        const changes = watch();
        await backend.delete(key);
        expect(changes.map(({ keys }) => keys)).toEqual([[key]]);
        expect((await read(key)).state).toBe("absent");
        await backend.set(key, 1);
        await backend.clear(key);
        expect((await read(key)).state).toBe("absent");
        expect(await backend.keys("")).toEqual([]);
      });
    });

    describe("set", () => {
      it("makes the value visible no later than its promise resolves", async () => {
        await backend.load(["a"]);
        await backend.set("a", "new");
        expect(backend.entry("a").peek()).toMatchObject({ state: "present", value: "new" });
      });

      it("is visible at once for a key that was never loaded", async () => {
        await backend.set("fresh", 1);
        expect(backend.entry("fresh").peek()).toMatchObject({ state: "present", value: 1 });
      });

      it("keeps the last of many writes to one key that were not awaited", async () => {
        await Promise.all(Array.from({ length: 50 }, (_, n) => backend.set("a", n)));
        expect(valueOf(await read("a"), -1)).toBe(49);
      });

      it("resolves the writes of one key in their order", async () => {
        const order: number[] = [];
        await Promise.all([1, 2, 3, 4].map((n) => backend.set("a", n).then(() => order.push(n))));
        expect(order).toEqual([1, 2, 3, 4]);
      });

      it("never shows an older value after a newer one", async () => {
        await backend.load(["a"]);
        const seen: number[] = [];
        onTestFinished(effect(() => void seen.push(valueOf(backend.entry("a").value, -1))));
        for (let n = 0; n < 20; n += 1) await backend.set("a", n);
        await Promise.all(Array.from({ length: 30 }, (_, n) => backend.set("a", 20 + n)));
        expect(seen.at(-1)).toBe(49);
        expect(seen).toEqual([...seen].sort((a, b) => a - b));
      });

      it("stores a copy: changing the object afterwards changes nothing", async () => {
        const value = { list: [1] };
        const written = backend.set("a", value);
        value.list.push(2);
        await written;
        value.list.push(3);
        expect(valueOf(await read("a"), undefined)).toEqual({ list: [1] });
      });

      it.each<[string, unknown]>([
        ["null", null],
        ["undefined", undefined],
        ["false", false],
        ["NaN", Number.NaN],
        ["an empty string", ""],
        ["a string with every awkward character", "\0\u2028\"'\\</script>🎈\ud800"],
        ["a Date", new Date("2026-02-03T04:05:06.789Z")],
        ["a Map", new Map([["a", { at: new Date(0) }]])],
        ["a Set", new Set([1, "1"])],
        ["a BigInt", 2n ** 70n],
        ["a typed array", new Uint8Array([0, 255])],
        ["nested data", { users: [{ name: "Ada", tags: new Set(["x"]), none: undefined }] }],
        ["200 kB of text", "x".repeat(200_000)],
      ])("gives back %s", async (_, value) => {
        await backend.set("value", value);
        const entry = await read("value");
        expect(entry.state).toBe("present");
        expect(valueOf<unknown>(entry, "nothing")).toStrictEqual(value);
      });

      it("rejects a value that cannot be stored, without harm to the writes beside it", async () => {
        const before = backend.set("a", 1);
        const refused = codeOf(() => backend.set("a", () => 1));
        const tooLarge = codeOf(() => backend.set("b", "x".repeat(300_000)));
        const after = backend.set("a", 2);
        await Promise.all([before, after]);
        expect(await refused).toBe("VALUE_UNSERIALIZABLE");
        expect(await tooLarge).toBe("VALUE_TOO_LARGE");
        expect(valueOf(await read("a"), -1)).toBe(2);
        expect((await read("b")).state).toBe("absent");
      });
    });

    describe("update", () => {
      it("shows the updater an absent key, and resolves with what it returned", async () => {
        const states: string[] = [];
        const result = await backend.update("a", (entry) => {
          states.push(entry.state);
          return "made";
        });
        expect(result).toBe("made");
        expect(states[0]).toBe("absent");
        expect(valueOf(await read("a"), "")).toBe("made");
      });

      it("shows the updater the value of a set that was called just before it", async () => {
        void backend.set("a", 10);
        expect(await backend.update("a", increment)).toBe(11);
      });

      it("lets a set that follows win over the update", async () => {
        const updated = backend.update("a", () => "updated");
        const set = backend.set("a", "set");
        expect(await updated).toBe("updated");
        await set;
        expect(valueOf(await read("a"), "")).toBe("set");
      });

      it("counts 200 concurrent increments as 200 and gives each its own result", async () => {
        const results = await Promise.all(Array.from({ length: 200 }, () => backend.update("count", increment)));
        expect([...results].sort((a, b) => Number(a) - Number(b))).toEqual(
          Array.from({ length: 200 }, (_, n) => n + 1),
        );
        expect(valueOf(await read("count"), 0)).toBe(200);
      });

      it("rejects only the update whose updater throws, with its own error", async () => {
        const error = new Error("out of stock");
        const results = await Promise.allSettled([
          backend.update("a", increment),
          backend.update("a", () => {
            throw error;
          }),
          backend.update("a", increment),
        ]);
        expect(results).toEqual([
          { status: "fulfilled", value: 1 },
          { status: "rejected", reason: error },
          { status: "fulfilled", value: 2 },
        ]);
        expect(valueOf(await read("a"), 0)).toBe(2);
      });

      it("rejects an update that returns what cannot be stored, and writes nothing", async () => {
        await backend.set("a", 1);
        expect(await codeOf(() => backend.update("a", () => Symbol("x")))).toBe("VALUE_UNSERIALIZABLE");
        expect(valueOf(await read("a"), 0)).toBe(1);
      });
    });

    describe("onChange", () => {
      it("names the key and a version that has moved on", async () => {
        await backend.load(["a"]);
        const before = backend.version;
        const changes = watch();
        await backend.set("a", 1);
        expect(changes.map(({ keys }) => keys)).toEqual([["a"]]);
        expect(changes[0]!.version.epoch).toBe(before.epoch);
        expect(changes[0]!.version.seq).toBeGreaterThan(before.seq);
        expect(backend.version).toEqual(changes[0]!.version);
      });

      it("also names a key that nobody has loaded", async () => {
        await backend.load([]);
        const changes = watch();
        await backend.set("unseen", 1);
        expect(changes.flatMap(({ keys }) => keys)).toEqual(["unseen"]);
      });

      it("comes when the new value can be read, and before the write resolves", async () => {
        await backend.load(["a"]);
        const events: unknown[] = [];
        onTestFinished(backend.onChange(() => events.push(valueOf(backend.entry("a").peek(), "old"))));
        await backend.set("a", "new").then(() => events.push("resolved"));
        expect(events).toEqual(["new", "resolved"]);
      });

      it("has versions that only grow, and entries that are never newer than the version", async () => {
        await backend.load(["a", "b"]);
        const seqs: number[] = [];
        onTestFinished(
          backend.onChange(({ keys, version }) => {
            seqs.push(version.seq);
            for (const key of keys) expect(backend.entry(key).peek().seq).toBeLessThanOrEqual(version.seq);
          }),
        );
        await Promise.all(Array.from({ length: 40 }, (_, n) => backend.set(n % 2 ? "a" : "b", n)));
        expect(seqs.length).toBeGreaterThan(0);
        expect(seqs.every((seq, at) => at === 0 || seq > seqs[at - 1]!)).toBe(true);
      });

      it("is silent about writes that were refused", async () => {
        await backend.load(["a"]);
        const changes = watch();
        await codeOf(() => backend.set("a", Symbol("x")));
        await codeOf(() =>
          backend.update("a", () => {
            throw new Error("no");
          }),
        );
        await backend.load(["b"]);
        expect(changes).toEqual([]);
      });

      it("stops after unsubscribe, which may be called twice", async () => {
        await backend.load([]);
        const changes: Change[] = [];
        const stop = backend.onChange((change) => changes.push(change));
        await backend.set("a", 1);
        stop();
        stop();
        await backend.set("a", 2);
        expect(changes).toHaveLength(1);
      });
    });

    describeDeleting(current);
    describeChanging(current);
    describeTransacting(current);
    describeVersions(current);
    describeEphemeral(current);
    describeListing(current);
    describeSnapshots(current);
    describeStreams(current);
    describeRefusedValues(current);
    describeGivenOutValues(current);

    describe("listeners that throw", () => {
      it("do not stop the others from hearing of the change", async () => {
        await backend.load(["a"]);
        onTestFinished(
          backend.onChange(() => {
            throw new Error("a listener's own mistake");
          }),
        );
        const changes = watch();
        await backend.set("a", 1);
        expect(changes.flatMap(({ keys }) => keys)).toEqual(["a"]);
      });

      it("do not make a write fail that was stored, when they are effects", async () => {
        await backend.load(["a"]);
        const changes = watch();
        onTestFinished(
          effect(() => {
            if (valueOf<number>(backend.entry("a").value, 0) === 1) throw new Error("an effect's own mistake");
          }),
        );
        await expect(backend.set("a", 1)).resolves.toBeUndefined();
        expect(changes.flatMap(({ keys }) => keys)).toEqual(["a"]);
      });
    });

    describe("close", () => {
      it("makes later writes reject", async () => {
        await backend.set("a", 1);
        await backend.close();
        expect(backend.status).toBe("closed");
        expect(await codeOf(() => backend.set("a", 2))).toBe("BACKEND_CLOSED");
        expect(await codeOf(() => backend.update("a", increment))).toBe("BACKEND_CLOSED");
      });

      it("makes a later load of an unknown key reject", async () => {
        await backend.close();
        expect(await codeOf(() => backend.load(["a"]))).toBe("BACKEND_CLOSED");
      });

      it("may be called twice", async () => {
        await backend.close();
        await expect(backend.close()).resolves.toBeUndefined();
      });

      it("settles every write that was pending", async () => {
        await backend.load([]);
        const writes = [backend.set("a", 1), backend.update("a", increment), backend.set("b", 2)];
        const settled = Promise.allSettled(writes);
        await backend.close();
        const outcomes = (await settled).map((result) =>
          result.status === "rejected" ? result.reason.code : "stored",
        );
        expect(outcomes.filter((outcome) => outcome !== "stored" && outcome !== "BACKEND_CLOSED")).toEqual([]);
      });
    });
  });
}
