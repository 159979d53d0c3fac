import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { caught, codeOf } from "../../test/support/caught.ts";
import type { Backend } from "./backend/backend.ts";
import { effect } from "./effect.ts";
import { createMemoryBackend } from "./memory/memory-backend.ts";
import { namespace } from "./namespace.ts";
import { isSignal, type Signal } from "./signal.ts";

afterEach(() => vi.restoreAllMocks());

let count = 0;

function fresh<T>(initial: T): Signal<T> {
  count += 1;
  return namespace("signal-test", { backend: createMemoryBackend(`signal-${count}`) }).signal<T>("k", initial);
}

describe("set", () => {
  it("resolves with nothing when the value is visible", async () => {
    const theme = fresh("dark");
    expect(await theme.set("light")).toBeUndefined();
    expect(theme.value).toBe("light");
  });

  it("takes a function of the current value", async () => {
    const counter = fresh(1);
    expect(await counter.set((n) => n + 1)).toBeUndefined();
    expect(counter.value).toBe(2);
  });

  it("gives a first function the default", async () => {
    const list = fresh<string[]>([]);
    await list.set((items) => [...items, "a"]);
    expect(list.value).toEqual(["a"]);
    expect(list.initial).toEqual([]);
  });

  it("does not subscribe the effect that calls it", async () => {
    const source = fresh(0);
    const target = fresh(0);
    let runs = 0;
    onTestFinished(
      effect(() => {
        runs += 1;
        void target.set(source.value);
      }),
    );
    await target.set(5);
    expect(runs).toBe(1);
  });

  it("rejects and keeps the old value when the value cannot be stored", async () => {
    const value = fresh<unknown>(1);
    await value.set(2);
    expect(await codeOf(() => value.set({ at: [Symbol("x")] }))).toBe("VALUE_UNSERIALIZABLE");
    expect(value.value).toBe(2);
  });
});

describe("update", () => {
  it("resolves with the new value", async () => {
    const counter = fresh(1);
    expect(await counter.update((n) => n + 1)).toBe(2);
    expect(counter.value).toBe(2);
  });

  it("rejects with the error of its function and changes nothing", async () => {
    const counter = fresh(1);
    const error = new Error("sold out");
    expect(
      await caught(() =>
        counter.update(() => {
          throw error;
        }),
      ),
    ).toBe(error);
    expect(counter.value).toBe(1);
  });
});

describe("delete", () => {
  it("resolves with nothing when readers see the default again", async () => {
    const theme = fresh("dark");
    await theme.set("light");
    const seen: string[] = [];
    onTestFinished(theme.subscribe((value) => seen.push(value)));
    expect(await theme.delete()).toBeUndefined();
    expect([theme.value, theme.peek(), await theme.get()]).toEqual(["dark", "dark", "dark"]);
    expect(seen).toEqual(["light", "dark"]);
  });

  it("starts an update after it from the default", async () => {
    const counter = fresh(10);
    await counter.set(1);
    const deleted = counter.delete();
    expect(await counter.update((n) => n + 1)).toBe(11);
    await deleted;
  });
});

describe("who acts", () => {
  it("is passed on by every operation", async () => {
    count += 1;
    const backend = createMemoryBackend(`who-${count}`);
    const spies = (["readerFor", "set", "update", "delete"] as const).map((name) => vi.spyOn(backend, name));
    const theme = namespace("who", { backend }).signal("k", "dark");
    const options = { context: { user: "ada" } };
    await theme.get(options);
    await theme.set("light", options);
    await theme.set((value) => value, options);
    await theme.update((value) => value, options);
    await theme.delete(options);
    const any: unknown = expect.any(Function);
    expect(spies.map(({ mock }) => mock.calls)).toEqual([
      [[options]],
      [["who:k", "light", options]],
      [
        ["who:k", any, options],
        ["who:k", any, options],
      ],
      [["who:k", options]],
    ]);
  });

  it("decides what get shows, and not what others see", async () => {
    count += 1;
    const memory = createMemoryBackend(`guarded-${count}`);
    const forAda = createMemoryBackend("for-ada");
    await forAda.set("who:k", "ada's");
    const backend: Backend = {
      ...memory,
      readerFor: async (options) => (options?.context?.["user"] === "ada" ? forAda : memory),
    };
    const secret = namespace("who", { backend }).signal("k", "nothing");
    expect(await secret.get({ context: { user: "ada" } })).toBe("ada's");
    expect(await secret.get({ context: { user: "bob" } })).toBe("nothing");
    expect(await secret.get()).toBe("nothing");
    expect([secret.value, secret.peek()]).toEqual(["nothing", "nothing"]);
  });

  it("rejects get with what readerFor rejects with", async () => {
    const error = new Error("no cookies here");
    const backend: Backend = { ...createMemoryBackend("no-context"), readerFor: () => Promise.reject(error) };
    expect(await caught(() => namespace("who", { backend }).signal("k", 0).get())).toBe(error);
  });
});

describe("isSignal", () => {
  it("is true for signals, also of another copy of the module", async () => {
    expect(isSignal(fresh(0))).toBe(true);
    vi.resetModules();
    const copy = await import("./namespace.ts");
    expect(isSignal(copy.namespace("copied").signal("k", 0))).toBe(true);
  });

  it.each([undefined, null, 0, "signal", {}, { key: "a", value: 1 }, () => 1])("is false for %s", (value) => {
    expect(isSignal(value)).toBe(false);
  });
});

describe("two copies of the module", () => {
  it("give the same signal for the same key, and see each other's writes", async () => {
    const first = namespace("copies").signal("k", 0);
    vi.resetModules();
    const copy = await import("./namespace.ts");
    const { computed } = await import("./computed.ts");
    const second = copy.namespace("copies").signal("k", 0);
    const doubled = computed(() => second.value * 2);
    const seen: number[] = [];
    onTestFinished(doubled.subscribe((n) => seen.push(n)));
    await first.set(4);
    expect(second).toBe(first);
    expect(seen).toEqual([0, 8]);
  });
});

describe("a failed write", () => {
  const run = (body: string): { output: string; ok: boolean } => {
    const script = `
      import { namespace, createMemoryBackend } from ${JSON.stringify(resolve(import.meta.dirname, "index.ts"))};
      const refuse = async () => { throw new Error("disk full"); };
      const backend = { ...createMemoryBackend("broken"), set: refuse, update: refuse, delete: refuse };
      const theme = namespace("app", { backend }).signal("theme", "dark");
      process.on("exit", (code) => console.log("exit", code));
      ${body}
      await new Promise((resolve) => setTimeout(resolve, 20));
      console.log("alive");`;
    try {
      const output = execFileSync(process.execPath, ["--input-type=module", "-e", `${script} /* both streams */`], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, NODE_OPTIONS: "" },
      });
      return { output, ok: true };
    } catch (error) {
      return { output: String((error as { stderr?: string }).stderr), ok: false };
    }
  };
  // What is reported goes to stderr; this puts it where execFileSync returns it.
  const reportToOutput = "console.error = (...args) => console.log('REPORT', args[0], args[1]?.message);";

  it("that nobody awaits is reported and does not end the process", () => {
    const { output, ok } = run(
      `${reportToOutput} theme.set("light"); theme.update((t) => t); theme.delete(); theme.set((t) => t);`,
    );
    expect(ok).toBe(true);
    expect(output.trim().split("\n")).toEqual([
      'REPORT [kawa] Writing "app:theme" failed and nobody awaited it: disk full',
      'REPORT [kawa] Updating "app:theme" failed and nobody awaited it: disk full',
      'REPORT [kawa] Deleting "app:theme" failed and nobody awaited it: disk full',
      'REPORT [kawa] Updating "app:theme" failed and nobody awaited it: disk full',
      "alive",
      "exit 0",
    ]);
  });

  it("that is awaited or caught is not reported a second time", () => {
    const { output } = run(`${reportToOutput}
      try { await theme.set("light"); } catch (error) { console.log("caught", error.message); }
      theme.set("light").catch((error) => console.log("caught", error.message));
      await Promise.all([theme.update((t) => t)]).catch((error) => console.log("caught", error.message));`);
    expect(output.trim().split("\n")).toEqual([
      "caught disk full",
      "caught disk full",
      "caught disk full",
      "alive",
      "exit 0",
    ]);
  });

  it("that is passed on without a handler is an ordinary unhandled rejection", () => {
    const { output, ok } = run(`theme.set("light").then(() => {});`);
    expect(ok).toBe(false);
    expect(output).toContain("disk full");
  });
});
