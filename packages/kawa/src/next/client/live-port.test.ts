import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Subscription } from "../stream-protocol.ts";
import { enterTab, FakeChannel, FakeLocks } from "../../../test/support/fake-browser.ts";
import { FakeStreams, settle } from "../../../test/support/fake-streams.ts";
import type { HostMessage, TabMessage } from "./live-host.ts";
import { type LivePort, openLivePort } from "./live-port.ts";

let streams: FakeStreams;
let locks: FakeLocks;
const ports: LivePort[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  streams = new FakeStreams();
  locks = new FakeLocks();
});

afterEach(async () => {
  for (const port of ports.splice(0)) port.close();
  await settle();
  streams.restore();
  vi.useRealTimers();
});

type Globals = Parameters<typeof enterTab>[0];

/** Opens a tab that shows a render; the globals are those of the tab that was opened last. */
async function openTab(id: string, globals: Globals) {
  enterTab(globals);
  const heard: HostMessage[] = [];
  const tab = { id };
  const subscription = (): Subscription => ({ route: [[tab.id, ""]] });
  const port = openLivePort({ src: "/api/reactive", subscription, onMessage: (message) => void heard.push(message) });
  ports.push(port);
  await settle();
  await vi.dynamicImportSettled();
  await settle();
  return { port, heard, tab };
}

const asked = (): readonly string[] => Object.values(streams.last.request.tabs).map(({ route }) => route[0]![0]);

describe("tabs with locks and a channel, and no shared worker", () => {
  const openLocked = async (id: string) => {
    const own = locks.ofTab();
    return { ...(await openTab(id, { locks: own, BroadcastChannel: FakeChannel })), crash: own.crash };
  };

  it("share the stream of the first one", async () => {
    const one = await openLocked("r1");
    await streams.last.send("hello", {});
    const two = await openLocked("r2");
    await vi.advanceTimersByTimeAsync(50);
    await streams.last.send("hello", {});
    expect(streams.open).toHaveLength(1);
    expect(asked()).toEqual(["r1", "r2"]);

    const [first, second] = Object.keys(streams.last.request.tabs) as [string, string];
    await streams.last.send("change", { tabs: { [first]: ["page", "v"], [second]: ["route", "v"] }, spreadMs: 0 });
    expect(one.heard.at(-1)).toMatchObject({ type: "change", way: "page" });
    expect(two.heard.at(-1)).toMatchObject({ type: "change", way: "route" });
    expect(two.heard.filter(({ type }) => type === "change")).toHaveLength(1);
  });

  it("ask for what each of them shows now", async () => {
    await openLocked("r1");
    const two = await openLocked("r2");
    await streams.last.send("hello", {});
    two.tab.id = "r3";
    two.port.announce();
    await vi.advanceTimersByTimeAsync(50);
    expect(asked()).toEqual(["r1", "r3"]);
  });

  it.each(["is closed", "crashes"])("go on with the stream of the next one when the first %s", async (how) => {
    const one = await openLocked("r1");
    await openLocked("r2");
    const three = await openLocked("r3");
    await vi.advanceTimersByTimeAsync(50);
    const before = three.heard.length;
    if (how === "crashes") one.crash();
    else one.port.close();
    await settle();
    await vi.advanceTimersByTimeAsync(50);
    await streams.last.send("hello", {});
    expect(asked().toSorted()).toEqual(["r2", "r3"]);
    expect(three.heard.slice(before)).toEqual([{ type: "up", isUp: true }]);
  });

  it("hold no lock once they are closed", async () => {
    const one = await openLocked("r1");
    const two = await openLocked("r2");
    expect(locks.heldNames).toHaveLength(3);
    one.port.close();
    two.port.close();
    await settle();
    expect(locks.heldNames).toEqual([]);
    expect(streams.open).toEqual([]);
  });
});

describe("a tab with neither", () => {
  it("has a stream of its own", async () => {
    const one = await openTab("r1", {});
    await openTab("r2", {});
    expect(streams.open).toHaveLength(2);
    await streams.all[0]!.send("hello", {});
    expect(one.heard).toEqual([{ type: "up", isUp: true }]);
    one.port.close();
    expect(streams.open).toHaveLength(1);
  });
});

describe("a tab with a shared worker", () => {
  const workers: FakeWorker[] = [];
  class FakeWorker {
    readonly said: TabMessage[] = [];
    readonly port = {
      onmessage: undefined as ((event: { data: HostMessage }) => void) | undefined,
      postMessage: (message: TabMessage) => void this.said.push(message),
      close: vi.fn<() => void>(),
    };
    readonly options: WorkerOptions;
    onerror: (() => void) | undefined;
    constructor(_url: URL, options: WorkerOptions) {
      this.options = options;
      workers.push(this);
    }
  }
  beforeEach(() => void workers.splice(0));

  it("says what it shows, with its lock held before, and hears from the worker", async () => {
    const { heard, port } = await openTab("r1", { locks: locks.ofTab(), SharedWorker: FakeWorker });
    const [worker] = workers;
    expect(worker!.options.name).toBe("kawa:1::/api/reactive");
    const [said] = worker!.said;
    expect(said).toEqual({ src: "/api/reactive", tab: expect.any(String), subscription: { route: [["r1", ""]] } });
    expect(locks.heldNames).toEqual([said!.tab]);
    worker!.port.onmessage!({ data: { type: "up", isUp: true } });
    expect(heard).toEqual([{ type: "up", isUp: true }]);
    expect(streams.all).toEqual([]);
    port.close();
    expect(worker!.said.at(-1)).toEqual({ src: "/api/reactive", tab: said!.tab, subscription: null });
    await settle();
    expect(locks.heldNames).toEqual([]);
  });

  it("takes the next way when the worker cannot be loaded", async () => {
    const { heard } = await openTab("r1", { locks: locks.ofTab(), BroadcastChannel: FakeChannel, SharedWorker: FakeWorker });
    workers[0]!.onerror!();
    await vi.dynamicImportSettled();
    await settle();
    await streams.last.send("hello", {});
    expect(asked()).toEqual(["r1"]);
    expect(heard).toEqual([{ type: "up", isUp: true }]);
  });

  it("takes the next way when the browser allows none here", async () => {
    class Refused {
      constructor() {
        throw new DOMException("Access is denied.", "SecurityError");
      }
    }
    await openTab("r1", { SharedWorker: Refused });
    expect(streams.open).toHaveLength(1);
  });
});
