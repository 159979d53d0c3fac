import { beforeEach, describe, expect, it } from "vitest";
import { asNext } from "../../../test/support/next-stores.ts";
import { detached } from "../process/detached.ts";
import { asInRequest, isNextBuild, nextWork, outsideOfRequest } from "./next-work.ts";

/** Next's own functions, which look at Next's own stores. */
const { cookies, draftMode, headers } = await import("next/headers.js");
const { connection } = await import("next/server.js");

type Cookies = Awaited<ReturnType<typeof cookies>>;
// As the host does when a server starts.
detached(() => {});

const jar = (name: string): Cookies => ({ name }) as unknown as Cookies;

let unit: object;

beforeEach(() => {
  unit = { type: "request", phase: "after", cookies: jar("sent"), userspaceMutableCookies: jar("set") };
});

const nameIn = async (): Promise<unknown> => ((await asInRequest(cookies)) as unknown as { name: string }).name;

describe("what runs after the answer", () => {
  it("is told no cookies by Next in a page, and is told them here", async () => {
    await asNext({ work: {}, unit, afterTask: { rootTaskSpawnPhase: "render" } }, async () => {
      expect(() => cookies()).toThrow("inside `after()`");
      expect(await nameIn()).toBe("sent");
      expect(() => cookies()).toThrow("inside `after()`");
    });
  });

  it("is told them without a call of after(), too", async () => {
    await asNext({ work: {}, unit }, async () => expect(await nameIn()).toBe("sent"));
  });

  it.each([
    ["a call of after()", { afterTask: { rootTaskSpawnPhase: "action" } }],
    ["a promise of it", { action: { isAppRoute: true } }],
  ])("knows in an action or a route handler whom it has signed in: %s", async (_, stores) => {
    await asNext({ work: {}, unit, ...stores }, async () => expect(await nameIn()).toBe("set"));
  });

  it("leaves what Next runs besides as it is", () => {
    for (const [type, phase] of [
      ["request", "render"],
      ["cache", "after"],
      ["prerender", "render"],
    ]) {
      asNext({ work: {}, unit: { type, phase } }, () =>
        asInRequest(() => expect(nextWork()?.unit).toEqual({ type, phase })),
      );
    }
    expect(asInRequest(() => 1)).toBe(1);
  });
});

describe("what is the same for all requests", () => {
  const asked = async (ask: () => unknown, more: object = {}): Promise<number> => {
    let count = 0;
    await asNext(
      { work: {}, unit: { type: "request", phase: "render", cookies: jar("sent"), headers: new Headers(), ...more } },
      async () => {
        const outside = outsideOfRequest(() => (count += 1));
        // Apps catch it, and go on as if nobody was signed in.
        await outside!(async () => ask()).catch(() => undefined);
      },
    );
    return count;
  };

  it.each<[string, () => unknown]>([
    ["cookies()", cookies],
    ["headers()", headers],
    ["draftMode()", draftMode],
    ["something later", async () => void (await Promise.resolve(), await cookies())],
  ])("is noticed to ask who looks by %s", async (_, ask) => {
    expect(await asked(ask)).toBeGreaterThan(0);
  });

  it.each<[string, () => unknown]>([
    ["nothing", () => 1],
    ["that there is a request", connection],
  ])("may ask %s", async (_, ask) => {
    expect(await asked(ask)).toBe(0);
    expect(await asked(ask, { asyncApiPromises: { connection: Promise.resolve() } })).toBe(0);
  });

  it("is noticed where Next keeps the answers, too", async () => {
    for (const ask of [cookies, headers])
      expect(await asked(ask, { asyncApiPromises: { cookies: jar("sent"), headers: 1 } })).toBeGreaterThan(0);
  });

  it("is nothing outside of a request, in what Next keeps, and for who sees drafts", () => {
    expect(outsideOfRequest(() => {})).toBeUndefined();
    for (const [work, unitType] of [
      [{}, "prerender"],
      [{}, "cache"],
      [{ isDraftMode: true }, "request"],
    ] as const) {
      asNext({ work, unit: { type: unitType } }, () => expect(outsideOfRequest(() => {})).toBeUndefined());
    }
  });
});

it("nothing is the same for all requests where the way out of a request leads into another one", () => {
  const name = Symbol.for("kawa.detached");
  const holder = globalThis as { [key: symbol]: unknown };
  const before = holder[name];
  asNext({ work: {}, unit: { type: "request" } }, () => {
    expect(outsideOfRequest(() => {})).toBeDefined();
    Reflect.deleteProperty(holder, name);
    expect(outsideOfRequest(() => {})).toBeUndefined();
  });
  holder[name] = before;
});

it("there is no work outside of Next, and no build without its name", () => {
  expect(nextWork()).toBeUndefined();
  expect(isNextBuild()).toBe(false);
});

it("Next's modules are not loaded before Next has made ready for them", () => {
  asNext({ work: {} }, () => {
    const { AsyncLocalStorage } = globalThis as { AsyncLocalStorage?: unknown };
    Reflect.deleteProperty(globalThis, "AsyncLocalStorage");
    expect(nextWork()).toBeUndefined();
    Object.assign(globalThis, { AsyncLocalStorage });
    expect(nextWork()).toBeDefined();
  });
});
