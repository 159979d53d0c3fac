import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Backend, registerBackend, unregisterBackend } from "../../src/core/backend/backend.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import { cachedRead, CachedReads, compareRead } from "../../src/react/render/cached-reads.ts";
import { type CacheHandler, createLiveHandler, keepCacheLive } from "../../src/react/render/live-cache.ts";
import { inNext } from "../support/next-stores.ts";

let count = 0;
let backend: Backend;
let inner: CacheHandler;
let handler: CacheHandler;
let kept: Map<string, { readonly text: string; readonly tags: readonly string[] }>;

beforeEach(() => {
  count += 1;
  backend = createMemoryBackend(`live-cache-${count}`);
  registerBackend(backend, { global: true });
  kept = new Map();
  inner = {
    async get(key) {
      const found = kept.get(key);
      return found && { tags: found.tags, value: new Response(found.text).body! };
    },
    async set(key, pending) {
      const { value, tags } = await pending;
      kept.set(key, { text: await new Response(value).text(), tags });
    },
    refreshTags: vi.fn<() => Promise<void>>(async () => {}),
    getExpiration: vi.fn<(tags: string[]) => Promise<number>>(async () => 5),
    updateTags: vi.fn<(tags: string[]) => Promise<void>>(async () => {}),
  };
  handler = createLiveHandler(inner, () => undefined);
});

afterEach(() => unregisterBackend(backend));

async function set(text: string, tags: readonly string[]): Promise<void> {
  await handler.set("k", Promise.resolve({ tags, value: new Response(text).body! }));
}

async function get(type = "request"): Promise<string | undefined> {
  const entry = await inNext({}, { type }, () => handler.get("k", []));
  return entry && (await new Response(entry.value).text());
}

/** Of what was made now of these keys. */
async function tagOf(...keys: string[]): Promise<string> {
  await backend.load(keys);
  const reads = new CachedReads();
  for (const key of keys) reads.add(cachedRead(backend, key, backend.entry(key).peek()));
  return reads.toTag();
}

/** Made of a value with this number. */
function tagAt(seq: number, epoch = backend.version.epoch, backendId = backend.id): string {
  const reads = new CachedReads();
  reads.add({ backendId, epoch, key: "a", seq });
  return reads.toTag();
}

describe("the handler around another one", () => {
  it("leaves what has read no signal as it is, and passes on what is asked about tags", async () => {
    await set("one", ["posts", "kawa:of the app"]);
    expect(await get()).toBe("one");
    expect(await get("prerender")).toBe("one");
    await handler.refreshTags!();
    expect(await handler.getExpiration!(["posts"])).toBe(5);
    await handler.updateTags!(["posts"], { expire: 1 });
    expect(vi.mocked(inner.updateTags!).mock.calls).toEqual([[["posts"], { expire: 1 }]]);
    expect(inner.refreshTags).toHaveBeenCalledTimes(1);
  });

  it("gives an entry until something changes that it was made of", async () => {
    await backend.set("a", 1);
    await set("one", ["posts", await tagOf("a", "b")]);
    expect([await get(), await get()]).toEqual(["one", "one"]);
    await backend.set("c", 1);
    expect(await get()).toBe("one");
    await backend.set("b", 1);
    expect(await get()).toBeUndefined();
    await set("two", ["posts", await tagOf("a", "b")]);
    expect(await get()).toBe("two");
    await backend.delete("a");
    expect(await get()).toBeUndefined();
  });

  it("gives one that was made of several cached functions only while all of them are current", async () => {
    await set("one", [await tagOf("a"), await tagOf("b")]);
    expect(await get()).toBe("one");
    await backend.set("b", 1);
    expect(await get()).toBeUndefined();
  });

  it("gives nothing to a prerender, which would be kept without being followed", async () => {
    await set("one", [await tagOf("a")]);
    for (const type of [
      "prerender",
      "prerender-runtime",
      "prerender-legacy",
      "unstable-cache",
      "build-time-generator",
    ]) {
      expect([type, await get(type)]).toEqual([type, undefined]);
    }
    expect(await get("cache")).toBe("one");
  });

  it("keeps what a server that is ahead has made, and does not show it", async () => {
    await backend.set("a", 1);
    await set("newer", [tagAt(9)]);
    expect(await get()).toBeUndefined();
    await set("made here", [await tagOf("a")]);
    expect(kept.get("k")?.text).toBe("newer");
    while (backend.version.seq < 9) await backend.set("a", backend.version.seq);
    expect(await get()).toBe("newer");
  });

  it("replaces what is older, of another history, of a backend that is not there, or that hooks decide about now", async () => {
    await backend.set("a", 1);
    await backend.set("a", 2);
    for (const tag of [tagAt(1), tagAt(2, "another"), tagAt(2, undefined, "gone")]) {
      await set("one", [tag]);
      expect(await get()).toBeUndefined();
    }
    await set("one", [tagAt(2)]);
    expect(await get()).toBe("one");
    const isGuarded = vi.spyOn(backend, "isGuarded", "get").mockReturnValue(true);
    expect(await get()).toBeUndefined();
    isGuarded.mockRestore();
  });

  it("takes no value for no value, whenever each server has looked", () => {
    const read = { backendId: "b", epoch: "e", key: "k", seq: 0 };
    expect(compareRead(read, { epoch: "e", seq: 9 }, { state: "absent", seq: 9 })).toBe("same");
    expect(compareRead(read, { epoch: "e", seq: 9 }, { state: "present", seq: 4, value: 1 })).toBe("older");
    expect(compareRead({ ...read, seq: 4 }, { epoch: "e", seq: 9 }, { state: "absent", seq: 9 })).toBe("older");
    expect(compareRead(read, { epoch: "e", seq: 9 }, { state: "unknown", seq: 0 })).not.toBe("same");
  });
});

describe("the handlers of Next", () => {
  const names = ["@next/cache-handlers-map", "@next/cache-handlers-dev-tiered", "@next/cache-handlers-built-in"];
  const globals = globalThis as { [name: symbol]: unknown };

  afterEach(() => {
    for (const name of names) delete globals[Symbol.for(name)];
  });

  it("are wrapped once each, whenever they are registered, the app's and those in front of them too", () => {
    const other = { ...inner };
    const front = { ...inner };
    const map = new Map([
      ["default", inner],
      ["remote", inner],
    ]);
    const tiers = new Map([["disk", front]]);
    const builtIn = new Set([inner]);
    names.forEach((name, index) => (globals[Symbol.for(name)] = [map, tiers, builtIn][index]));
    keepCacheLive(() => undefined);
    const wrapped = map.get("default")!;
    expect(wrapped).not.toBe(inner);
    expect(map.get("remote")).toBe(wrapped);
    expect(builtIn.has(wrapped)).toBe(true);
    expect(tiers.get("disk")).not.toBe(front);
    map.set("disk", other);
    keepCacheLive(() => undefined);
    keepCacheLive(() => undefined);
    expect(map.get("default")).toBe(wrapped);
    expect(map.get("disk")).not.toBe(other);
    expect(builtIn.size).toBe(2);
  });
});
