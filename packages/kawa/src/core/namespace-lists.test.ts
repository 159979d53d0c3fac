import { afterEach, describe, expect, it, vi } from "vitest";
import { registerBackend, unregisterBackend } from "./backend/backend.ts";
import { createMemoryBackend } from "./memory/memory-backend.ts";
import { namespace, root, signal } from "./namespace.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("keys, entries and clear of a namespace", () => {
  let count = 0;
  const fill = async () => {
    count += 1;
    const backend = createMemoryBackend(`listed-${count}`);
    for (const key of [
      "app:users:alice:position",
      "app:users:bob:position",
      "app:users",
      "app:theme",
      "appendix",
      "other",
    ]) {
      await backend.set(key, key);
    }
    return backend;
  };

  it("are relative to the namespace", async () => {
    const backend = await fill();
    const app = namespace("app", { backend });
    expect(await app.keys()).toEqual(["theme", "users", "users:alice:position", "users:bob:position"]);
    expect(await app.namespace("users").keys()).toEqual(["alice:position", "bob:position"]);
    expect([...(await app.namespace("users").entries())]).toEqual([
      ["alice:position", "app:users:alice:position"],
      ["bob:position", "app:users:bob:position"],
    ]);
    expect(await namespace("nobody", { backend }).keys()).toEqual([]);
    expect((await namespace("nobody", { backend }).entries()).size).toBe(0);
  });

  it("lead back to the signals", async () => {
    const backend = await fill();
    const users = namespace("app", { backend }).namespace("users");
    for (const [key, value] of await users.entries()) expect(users.signal(key, "").value).toBe(value);
  });

  it("leave out signals that show their default, and those that were deleted", async () => {
    const backend = createMemoryBackend("defaults");
    const app = namespace("app", { backend });
    const theme = app.signal("theme", "dark");
    expect(theme.value).toBe("dark");
    expect(await app.keys()).toEqual([]);
    await theme.set("dark");
    expect(await app.keys()).toEqual(["theme"]);
    await theme.delete();
    expect(await app.keys()).toEqual([]);
  });

  it("clear what is inside, also deeper, and nothing beside it", async () => {
    const backend = await fill();
    const app = namespace("app", { backend });
    const alice = app.namespace("users").signal("alice:position", "none");
    expect(alice.value).toBe("app:users:alice:position");
    expect(await app.clear()).toBeUndefined();
    expect(alice.value).toBe("none");
    expect(await backend.keys("")).toEqual(["appendix", "other"]);
  });

  it("act on everything in root, but on no signal without a key", async () => {
    const global = await fill();
    registerBackend(global, { global: true });
    try {
      const local = signal(0);
      await local.set(5);
      expect(await root.keys()).toEqual(await global.keys(""));
      expect((await root.entries()).get("other")).toBe("other");
      await root.clear();
      expect(await global.keys("")).toEqual([]);
      expect(local.value).toBe(5);
    } finally {
      unregisterBackend(global);
    }
    const local = signal(0);
    await local.set(5);
    await signal("root:in-memory", 0).set(1);
    expect(await root.keys()).toContain("root:in-memory");
    expect((await root.keys()).filter((key) => key.includes("local"))).toEqual([]);
    await root.clear();
    expect(await root.keys()).toEqual([]);
    expect(local.value).toBe(5);
  });

  it("pass on who acts", async () => {
    const backend = createMemoryBackend("who");
    const spies = (["keys", "entries", "clear"] as const).map((name) => vi.spyOn(backend, name));
    const app = namespace("app", { backend });
    const options = { context: { user: "ada" } };
    await app.keys(options);
    await app.entries(options);
    await app.clear(options);
    expect(spies.map(({ mock }) => mock.calls)).toEqual(Array.from({ length: 3 }, () => [["app:", options]]));
  });

  it("work without the namespace before them", async () => {
    const { signal: signalIn, keys, entries, clear } = namespace("apart", { backend: createMemoryBackend("apart") });
    await signalIn("k", 0).set(1);
    expect([await keys(), await entries()]).toEqual([["k"], new Map([["k", 1]])]);
    await clear();
    expect(await keys()).toEqual([]);
  });

  it("have no trouble with names that plain objects know", async () => {
    const backend = createMemoryBackend("odd");
    const odd = namespace("__proto__", { backend });
    for (const name of ["__proto__", "constructor", "toString"]) await odd.signal(name, 0).set(1);
    expect(await odd.keys()).toEqual(["__proto__", "constructor", "toString"]);
    expect((await odd.entries()).get("constructor")).toBe(1);
    expect((await odd.entries()).get("valueOf")).toBeUndefined();
  });
});
