import { describe, expect, it, onTestFinished, vi } from "vitest";
import { registerBackend, unregisterBackend } from "../backend/backend.ts";
import { namespace } from "../namespace.ts";
import { appBackend } from "./wanted-backend.ts";
import { createLaterBackend } from "./later-backend.ts";
import { createMemoryBackend } from "./memory-backend.ts";

describe("createLaterBackend", () => {
  it("knows nothing before the real backend is there, and then the same as that one", async () => {
    const real = createMemoryBackend("real");
    await real.set("a:b", 1);
    const later = createLaterBackend(async () => real);
    const heard: unknown[] = [];
    const stop = later.onChange(({ keys }) => void heard.push(...keys));
    expect([later.status, later.entry("a:b").peek().state, later.openSnapshot()]).toEqual([
      "idle",
      "unknown",
      undefined,
    ]);
    await later.load(["a:b"]);
    expect(later.entry("a:b").peek()).toMatchObject({ state: "present", value: 1 });
    await later.set("a:c", 2);
    expect(await later.update("a:c", (entry) => (entry.state === "present" ? Number(entry.value) + 1 : 0))).toBe(3);
    expect(await later.keys("a:")).toEqual(["b", "c"].map((name) => `a:${name}`));
    expect([later.id, later.status, later.version]).toEqual(["real", "connected", real.version]);
    expect((await later.snapshotFor()).peek("a:c")).toMatchObject({ value: 3 });
    expect(heard).toEqual(["a:c", "a:c"]);
    stop();
    await later.clear("a:");
    expect(await real.keys("a:")).toEqual([]);
    expect(heard).toEqual(["a:c", "a:c"]);
  });

  it("fails as the search for the real one fails", async () => {
    const later = createLaterBackend(() => Promise.reject(new Error("none")));
    await expect(later.set("a:b", 1)).rejects.toThrow("none");
    await expect(later.load(["a:b"])).rejects.toThrow("none");
  });
});

describe("signals of a Next server", () => {
  it("are not kept in memory: without a backend they cannot be read or written", async () => {
    vi.stubEnv("NEXT_RUNTIME", "nodejs");
    const slot = Symbol.for("kawa.fallback-backend");
    const before = Object.getOwnPropertyDescriptor(globalThis, slot);
    Reflect.deleteProperty(globalThis, slot);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      Reflect.deleteProperty(globalThis, slot);
      if (before) Object.defineProperty(globalThis, slot, before);
    });
    const likes = namespace("later").signal("likes", 0);
    await expect(likes.set(1)).rejects.toMatchObject({ code: "BACKEND_MISSING" });
    await expect(likes.get()).rejects.toMatchObject({ code: "BACKEND_MISSING" });
  });

  it("live in the backend that is named while the server starts", async () => {
    const backend = createMemoryBackend("named");
    const found = appBackend();
    registerBackend(backend, { global: true });
    onTestFinished(() => unregisterBackend(backend));
    expect(await found).toBe(backend);
  });
});
