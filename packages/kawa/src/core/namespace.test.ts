import { afterEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../test/support/caught.ts";
import { registerBackend, unregisterBackend } from "./backend/backend.ts";
import { createMemoryBackend } from "./memory/memory-backend.ts";
import { namespace, root, signal } from "./namespace.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe("keys of namespaces", () => {
  it("compose with a colon, however deep", () => {
    const users = namespace("app").namespace("users");
    expect(users.prefix).toBe("app:users");
    expect(users.namespace("alice").signal("position", 0).key).toBe("app:users:alice:position");
    expect(namespace("app:users").signal("alice:position", 0).key).toBe("app:users:alice:position");
  });

  it("have no prefix in root", () => {
    expect(root.prefix).toBe("");
    expect(root.signal("theme", "dark").key).toBe("theme");
    expect(signal("theme", "dark").key).toBe("theme");
  });

  it.each(["", ":", "a:", ":a", "a::b"])("refuse the name %j", async (name) => {
    expect(await codeOf(() => namespace(name))).toBe("KEY_INVALID");
    expect(await codeOf(() => namespace("app").signal(name, 0))).toBe("KEY_INVALID");
    expect(await codeOf(() => namespace("app").family(() => ({ key: name, default: 0 }))(1))).toBe("KEY_INVALID");
  });
});

describe("a signal defined twice", () => {
  it("is the same object, through whatever namespace its key was composed", () => {
    const first = namespace("same").namespace("users").signal("alice", { x: 0 });
    expect(namespace("same:users").signal("alice", { x: 0 })).toBe(first);
    expect(signal("same:users:alice", { x: 0 })).toBe(first);
    expect(namespace("same").family((name: string) => ({ key: `users:${name}`, default: { x: 0 } }))("alice")).toBe(
      first,
    );
  });

  it("says nothing when the defaults are equal by value", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    signal("equal", { at: new Date(0), tags: new Set(["a"]) });
    signal("equal", { at: new Date(0), tags: new Set(["a"]) });
    expect(warn).not.toHaveBeenCalled();
  });

  it("warns once for each other default, with the key and both values", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    signal("twice", 1);
    signal("twice", 2);
    signal("twice", 2);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toMatch(/"twice".* 1 and 2\b/);
    signal("twice", 3);
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it("keeps the first default in production", async () => {
    vi.stubEnv("NODE_ENV", "production");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const theme = signal("default-in-production", "dark");
    signal("default-in-production", "light");
    expect(theme.value).toBe("dark");
    expect(warn.mock.calls[0]![0]).toContain("The first one is used");
  });

  it("takes the newer default in development, where it is the same line after an edit", async () => {
    vi.stubEnv("NODE_ENV", "development");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const theme = signal("default-in-development", "dark");
    expect(signal("default-in-development", "light")).toBe(theme);
    expect(theme.value).toBe("light");
    expect(warn.mock.calls[0]![0]).toContain("The newer one is used");
  });

  it("warns about defaults that JSON cannot show", () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    signal("big", 1n);
    signal("big", 2n);
    expect(warn).toHaveBeenCalledTimes(1);
  });
});

describe("a default", () => {
  it.each([
    ["a function", () => 1, "VALUE_UNSERIALIZABLE"],
    ["a symbol", Symbol("x"), "VALUE_UNSERIALIZABLE"],
    ["more than 256 kB", "x".repeat(300_000), "VALUE_TOO_LARGE"],
  ])("cannot be %s", async (_, initial, code) => {
    expect(await codeOf(() => namespace("app").signal<unknown>("bad", initial))).toBe(code);
  });
});

describe("family", () => {
  const positions = namespace("family").family((id: string) => ({ key: `${id}:position`, default: { x: 0 } }));

  it("gives one signal for each parameter", async () => {
    expect(positions("alice")).toBe(positions("alice"));
    expect(positions("alice")).not.toBe(positions("bob"));
    await positions("alice").set({ x: 1 });
    expect(positions("alice").value).toEqual({ x: 1 });
    expect(positions("bob").value).toEqual({ x: 0 });
  });

  it("takes parameters of any kind", () => {
    const cell = namespace("grid").family(({ x, y }: { x: number; y: number }) => ({ key: `${x}-${y}`, default: "" }));
    expect(cell({ x: 1, y: 2 }).key).toBe("grid:1-2");
    expect(cell({ x: 1, y: 2 })).toBe(cell({ x: 1, y: 2 }));
  });
});

describe("the backend of a namespace", () => {
  it("is used by its signals, its families and the namespaces inside it", async () => {
    const own = createMemoryBackend("own");
    const game = namespace("game", { backend: own });
    await game.signal("score", 0).set(1);
    await game
      .family((id: string) => ({ key: id, default: 0 }))("alice")
      .set(2);
    await game.namespace("deep").namespace("er").signal("x", 0).set(3);
    expect(["game:score", "game:alice", "game:deep:er:x"].map((key) => own.entry(key).peek())).toMatchObject([
      { state: "present", seq: 1, value: 1 },
      { state: "present", seq: 2, value: 2 },
      { state: "present", seq: 3, value: 3 },
    ]);
  });

  it("gives way to the backend that an inner namespace names", async () => {
    const outer = createMemoryBackend("outer");
    const inner = createMemoryBackend("inner");
    await namespace("n", { backend: outer }).namespace("m", { backend: inner }).signal("k", 0).set(1);
    expect(outer.version.seq).toBe(0);
    expect(inner.entry("n:m:k").peek()).toMatchObject({ value: 1 });
  });

  it("keeps the same key of two backends apart", async () => {
    const a = namespace("split", { backend: createMemoryBackend("split-a") }).signal("k", 0);
    const b = namespace("split", { backend: createMemoryBackend("split-b") }).signal("k", 0);
    await a.set(1);
    expect([a.value, b.value]).toEqual([1, 0]);
  });

  it("stays its own when a global backend appears", async () => {
    const own = createMemoryBackend("stays");
    const kept = namespace("stays", { backend: own }).signal("k", 0);
    const global = createMemoryBackend("later-global");
    registerBackend(global, { global: true });
    try {
      await kept.set(1);
      expect(own.version.seq).toBe(1);
      expect(global.version.seq).toBe(0);
    } finally {
      unregisterBackend(global);
    }
  });
});

describe("signal without a key", () => {
  it("is a new signal each time", async () => {
    const a = signal(1);
    const b = signal(1);
    expect(a).not.toBe(b);
    expect(a.key).not.toBe(b.key);
    await a.set(2);
    expect([a.value, b.value]).toEqual([2, 1]);
  });

  it("takes a text as its value, not as its key", () => {
    expect(signal("just text").value).toBe("just text");
  });

  it("never moves to the global backend", async () => {
    const local = signal(1);
    const global = createMemoryBackend("not-for-local");
    registerBackend(global, { global: true });
    try {
      await local.set(2);
      expect(global.version.seq).toBe(0);
      expect(local.value).toBe(2);
    } finally {
      unregisterBackend(global);
    }
  });
});

it("asks for a clear in its turn: what is written behind it stays", () => {
  const own = createMemoryBackend("turns");
  const asked: string[] = [];
  vi.spyOn(own, "clear").mockImplementation(async () => void asked.push("clear"));
  vi.spyOn(own, "set").mockImplementation(async () => void asked.push("set"));
  const app = namespace("turns", { backend: own });
  void app.clear();
  void app.signal("behind", 0).set(1);
  expect(asked).toEqual(["clear", "set"]);
});
