import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const reload = vi.fn<() => void>();
const replaceChildren = vi.fn<() => void>();
let page: EventTarget;
let stored: Map<string, string>;
let storageFails: boolean;

beforeEach(() => {
  page = new EventTarget();
  stored = new Map();
  storageFails = false;
  reload.mockClear();
  replaceChildren.mockClear();
  vi.resetModules();
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("location", { reload });
  vi.stubGlobal("document", { documentElement: { replaceChildren } });
  const access = <T>(run: () => T): T => {
    if (storageFails) throw new Error("denied");
    return run();
  };
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => access(() => stored.get(key) ?? null),
    setItem: (key: string, value: string) => access(() => void stored.set(key, value)),
  });
});

afterEach(() => vi.unstubAllGlobals());

const otherTabSays = (newValue: string | null, key = "kawa-identity"): void => {
  if (newValue !== null) stored.set(key, newValue);
  page.dispatchEvent(Object.assign(new Event("storage"), { key, newValue }));
};
const restore = (persisted = true): boolean => page.dispatchEvent(Object.assign(new Event("pageshow"), { persisted }));

async function guard(identity: string) {
  const { guardIdentity } = await import("./identity-guard.ts");
  const onOther = vi.fn<() => void>();
  guardIdentity(identity, onOther);
  return { guardIdentity, onOther };
}

describe("a tab", () => {
  it("hears of somebody else in another tab once, and not of things that are stored by the app", async () => {
    const { onOther } = await guard("ada");
    otherTabSays("bob", "theme");
    otherTabSays(null);
    otherTabSays("ada");
    expect(onOther).not.toHaveBeenCalled();
    otherTabSays("bob");
    otherTabSays("bob");
    expect(onOther).toHaveBeenCalledOnce();
  });

  it("is not sent back by a late word of who looked before", async () => {
    const { guardIdentity, onOther } = await guard("ada");
    guardIdentity("bob", onOther);
    otherTabSays("ada");
    expect(onOther).not.toHaveBeenCalled();
  });
});

it("a tab hears of somebody who comes back, as to an app whose identities stay the same", async () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  const { guardIdentity, onOther } = await guard("ada");
  for (const [at, identity] of [
    [1_000, "bob"],
    [40_000, "ada"],
    [80_000, "bob"],
  ] as const) {
    now.mockReturnValue(at);
    otherTabSays(identity);
    guardIdentity(identity, onOther);
  }
  expect(onOther).toHaveBeenCalledTimes(3);
  now.mockRestore();
});

describe("a page that is restored from memory", () => {
  it("stays when the same visitor looks", async () => {
    await guard("ada");
    restore();
    expect([replaceChildren.mock.calls.length, reload.mock.calls.length]).toEqual([0, 0]);
  });

  it("shows nothing and is loaded anew when somebody else looks", async () => {
    await guard("ada");
    stored.set("kawa-identity", "bob");
    restore(false);
    expect(reload).not.toHaveBeenCalled();
    restore();
    expect([replaceChildren.mock.calls.length, reload.mock.calls.length]).toEqual([1, 1]);
  });

  it("is loaded anew where the browser keeps nothing", async () => {
    storageFails = true;
    await guard("ada");
    restore();
    expect(reload).toHaveBeenCalledOnce();
  });
});
