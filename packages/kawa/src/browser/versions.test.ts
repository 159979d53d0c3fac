import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { caught, codeOf } from "../../test/support/caught.ts";
import { type FakeRoute, settle, stubBrowser } from "../../test/support/fake-route.ts";
import type { SignalOptions } from "../core/exposure.ts";
import { collection, computed, namespace, type Signal } from "../index.browser.ts";
import { viewOf } from "../react/browser-view.ts";
import { unfitText } from "../core/value/unfit-text.ts";
import { encodeValue } from "../core/value/value.ts";
import { versionOfText } from "../core/value/value-version.ts";
import { browserBackend } from "./global-backend.ts";

type User = { readonly name: string };

let route: FakeRoute;
let count = 0;

// They are loaded when they are needed, which takes seconds on a busy machine.
beforeAll(() => Promise.all([import("./writer.ts"), import("./stored-value.ts")]), 60_000);

beforeEach(() => {
  vi.useFakeTimers();
  route = stubBrowser();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

type Migrate = (value: unknown, fromVersion: number) => User;
const migrate = vi.fn<Migrate>((value, fromVersion) => ({ name: `${String(value)} of ${fromVersion}` }));
const user = (options: SignalOptions<User> = { version: 3, migrate }): Signal<User> => {
  count += 1;
  return namespace("app").signal<User>(`user${count}`, { name: "nobody" }, { expose: "write", ...options });
};
const text = (value: unknown, version?: number): string => encodeValue("key", value, undefined, version);
const receive = async ({ key }: Pick<Signal<User>, "key">, sent: string, seq = 1): Promise<void> => {
  await browserBackend().receive([[key, sent, seq, "e1"]]);
};
const accepted = (of: Pick<Signal<User>, "key">, sent: string): void =>
  void route.answers.push(Response.json({ row: [of.key, sent, 2, "e1"] }));

describe("a value that a server has sent", () => {
  it("is what it is where the server has migrated it", async () => {
    const signal = user();
    await receive(signal, text({ name: "Ada" }, 3));
    expect(signal.value).toEqual({ name: "Ada" });
    expect(signal.peek()).toBe(signal.value);
  });

  it.each([1, 2])("is migrated once where a server of an earlier build has sent version %i", async (version) => {
    migrate.mockClear();
    const signal = user();
    const names = computed(() => signal.value.name);
    await receive(signal, text("Ada", version));
    expect([signal.value, names.value]).toEqual([{ name: `Ada of ${version}` }, `Ada of ${version}`]);
    expect(signal.peek()).toBe(signal.value);
    expect(migrate).toHaveBeenCalledTimes(1);
  });

  it("is an error where the page is older", async () => {
    for (const options of [{}, { version: 2, migrate }]) {
      const signal = user(options);
      await receive(signal, text({ name: "Ada" }, 3));
      const error = await caught(() => signal.value);
      expect(error).toMatchObject({
        code: "VALUE_TOO_NEW",
        data: { publicMessage: expect.stringContaining("load it") },
      });
      expect(await caught(() => signal.peek())).toBe(error);
    }
  });

  it("is the error that the server has met", async () => {
    const signal = user();
    await receive(signal, unfitText("VALUE_INVALID"));
    expect(await codeOf(() => signal.value)).toBe("VALUE_INVALID");
    await receive(signal, text({ name: "Ada" }, 3), 2);
    expect(signal.value).toEqual({ name: "Ada" });
  });

  it("is an error of its own where migrate throws", async () => {
    const signal = user({
      version: 3,
      migrate: () => {
        throw new Error("no");
      },
    });
    await receive(signal, text("Ada", 2));
    expect(await codeOf(() => signal.value)).toBe("VALUE_NOT_MIGRATED");
    await receive(signal, text("Ada", 1), 2);
    expect(await caught(() => signal.value)).toEqual(new Error("no"));
  });

  it("makes a component that shows it render again when it becomes an error", async () => {
    const signal = user();
    await receive(signal, text({ name: "Ada" }, 3));
    const view = viewOf(signal);
    const shown: unknown[] = [];
    const stop = view.subscribe(() => {
      try {
        shown.push(view.get().name);
      } catch (error) {
        shown.push((error as { code: unknown }).code);
      }
    });
    await receive(signal, unfitText("VALUE_INVALID"), 2);
    await receive(signal, text({ name: "Bob" }, 3), 3);
    stop();
    expect(shown).toEqual(["Ada", "VALUE_INVALID", "Bob"]);
  });
});

describe("what a browser writes", () => {
  it("is of the version of its page, and shown as it is", async () => {
    const signal = user();
    await receive(signal, text("Ada", 1));
    accepted(signal, text({ name: "Bob" }, 3));
    const write = signal.set({ name: "Bob" });
    expect(signal.value).toEqual({ name: "Bob" });
    await settle();
    await write;
    expect(route.writes.at(-1)?.text).toBe(text({ name: "Bob" }, 3));
    expect(signal.value).toEqual({ name: "Bob" });
  });

  it("is made of the migrated value", async () => {
    const signal = user();
    await receive(signal, text("Ada", 1));
    accepted(signal, text({ name: "Ada of 1!" }, 3));
    const write = signal.update(({ name }) => ({ name: `${name}!` }));
    expect(signal.value).toEqual({ name: "Ada of 1!" });
    await settle();
    expect(await write).toEqual({ name: "Ada of 1!" });
    expect(versionOfText(route.writes.at(-1)!.text!)).toBe(3);
  });

  it("shows changes of the migrated value, and says for which version they are", async () => {
    const signal = user();
    await receive(signal, text("Ada", 2));
    accepted(signal, text({ name: "Bob" }, 3));
    const write = signal.merge({ name: "Bob" });
    await settle();
    await write;
    expect(route.writes.at(-1)).toMatchObject({ change: expect.any(String), version: 3 });
    expect(signal.value).toEqual({ name: "Bob" });
    const plain = user({});
    await receive(plain, text({ name: "Ada" }));
    accepted(plain, text({ name: "Bob" }));
    void plain.merge({ name: "Bob" });
    await settle();
    expect(route.writes.at(-1)).not.toHaveProperty("version");
  });

  it("is refused where it would be made of a value that the page does not know", async () => {
    const signal = user({});
    await receive(signal, text({ name: "Ada" }, 2));
    expect(await codeOf(() => signal.update((found) => found))).toBe("VALUE_TOO_NEW");
    expect(route.writes).toEqual([]);
  });
});

describe("a query", () => {
  it("leaves out a row that is an error, or shows it", async () => {
    count += 1;
    const users = collection<User>(namespace("app"), `users${count}`, { expose: "write" });
    const query = users.query();
    const all = users.query({ onInvalid: "show" });
    await receive(users("a"), text({ name: "Ada" }));
    await receive(users("b"), unfitText("VALUE_INVALID"));
    await receive(users("c"), text({ name: "Cy" }, 2));
    await receive(users("d"), text({ name: "Di" }));
    await receive(query, text(["a", "b", "c", "d"]));
    expect(query.value.map(({ id }) => id)).toEqual(["a", "d"]);
    expect(all.value.map(({ value, error }) => value?.name ?? error?.code)).toEqual([
      "Ada",
      "VALUE_INVALID",
      "VALUE_TOO_NEW",
      "Di",
    ]);
    expect(all.peek()[1]).toBe(all.value[1]);
    const write = codeOf(() => users.upsert("a", { name: "Ann" }));
    expect(all.value.map(({ id }) => id)).toEqual(["a", "b", "c", "d"]);
    await settle();
    await vi.runAllTimersAsync();
    await write;
  });
});
