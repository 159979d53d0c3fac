import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Subscription } from "../protocol/stream-protocol.ts";
import { enterTab, FakeChannel, FakeLocks, FakeWindow } from "../../../test/support/fake-browser.ts";
import { FakeStreams, settle } from "../../../test/support/fake-streams.ts";
import type { OwnerMessage, TabMessage } from "./owner-protocol.ts";
import { type TabPort, connectTab } from "./connect-tab.ts";

let streams: FakeStreams;
let locks: FakeLocks;
const ports: TabPort[] = [];

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
  const heard: OwnerMessage[] = [];
  const tab = { id };
  const subscription = (): Subscription => ({ route: [[tab.id, ""]] });
  const port = connectTab({ src: "/api/reactive", subscription, onMessage: (message) => void heard.push(message) });
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
      onmessage: undefined as ((event: { data: OwnerMessage }) => void) | undefined,
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
    expect(worker!.options.name).toBe("kawa:2::/api/reactive");
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

  const hear = (worker: FakeWorker, data: OwnerMessage): void => worker.port.onmessage!({ data });
  const beatsOf = ({ said }: FakeWorker): number => said.filter(({ isBeat }) => isBeat).length;
  /** The worker lives on for this long, and answers each beat. */
  const answerFor = async (worker: FakeWorker, ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 100) {
      const before = beatsOf(worker);
      await vi.advanceTimersByTimeAsync(100);
      if (beatsOf(worker) > before) hear(worker, { type: "here", isKnown: true });
    }
  };

  it("starts the worker again when the lock is free that the worker held", async () => {
    const { heard, port } = await openTab("r1", { locks: locks.ofTab(), SharedWorker: FakeWorker });
    const ofWorker = locks.ofTab();
    void ofWorker.request("w1", () => new Promise(() => {}));
    hear(workers[0]!, { type: "here", isKnown: true, lock: "w1" });
    hear(workers[0]!, { type: "here", isKnown: true, lock: "w1" });
    await answerFor(workers[0]!, 20_000);
    expect(workers).toHaveLength(1);
    ofWorker.crash();
    await settle();
    await vi.advanceTimersByTimeAsync(50);
    expect(workers.map(({ options }) => options.name)).toEqual(["kawa:2::/api/reactive", "kawa:2::/api/reactive"]);
    expect(workers[1]!.said[0]!.subscription).toEqual({ route: [["r1", ""]] });
    expect(heard).toEqual([{ type: "up", isUp: false }]);
    // What the one before may still say is for nobody.
    hear(workers[0]!, { type: "up", isUp: true });
    expect(heard).toHaveLength(1);
    port.close();
    await settle();
    expect(locks.heldNames).toEqual([]);
  });

  it("asks the browser again while that knows the worker that has ended, and takes the next way only after that", async () => {
    await openTab("r1", { locks: locks.ofTab(), BroadcastChannel: FakeChannel, SharedWorker: FakeWorker });
    const ofWorker = locks.ofTab();
    void ofWorker.request("w1", () => new Promise(() => {}));
    hear(workers[0]!, { type: "here", isKnown: true, lock: "w1" });
    ofWorker.crash();
    await settle();
    await vi.advanceTimersByTimeAsync(50);
    workers[1]!.onerror!();
    await vi.advanceTimersByTimeAsync(50);
    // Nobody answers there.
    await vi.advanceTimersByTimeAsync(1_050);
    expect(workers.map(({ options }) => options.name)).toEqual(Array(4).fill("kawa:2::/api/reactive"));
    for (const n of [3, 4]) {
      workers[n]!.onerror!();
      await vi.advanceTimersByTimeAsync(50);
    }
    workers[5]!.onerror!();
    await vi.dynamicImportSettled();
    await vi.waitUntil(() => streams.all.length > 0);
    expect(asked()).toEqual(["r1"]);
  });

  it("leaves a worker that hangs before 5 s are over, says goodbye to it, and does without workers after two of them", async () => {
    const { heard } = await openTab("r1", {
      locks: locks.ofTab(),
      BroadcastChannel: FakeChannel,
      SharedWorker: FakeWorker,
    });
    hear(workers[0]!, { type: "here", isKnown: true });
    hear(workers[0]!, { type: "up", isUp: true });
    await vi.advanceTimersByTimeAsync(1_800);
    expect(heard.at(-1)).toEqual({ type: "up", isUp: false });
    expect(workers).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(950);
    expect(workers).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(workers.map(({ options }) => options.name)).toEqual([
      "kawa:2::/api/reactive",
      "kawa:2::/api/reactive",
      "kawa:2::/api/reactive:1",
    ]);
    expect(workers[1]!.said.at(-1)!.subscription).toBeNull();
    await vi.advanceTimersByTimeAsync(3_000);
    await vi.dynamicImportSettled();
    await vi.waitUntil(() => streams.all.length > 0);
    expect(asked()).toEqual(["r1"]);
    await streams.last.send("hello", {});
    expect(heard.at(-1)).toEqual({ type: "up", isUp: true });
    expect(workers).toHaveLength(3);
  });

  it("asks the same worker again when it was held up for longer, and is as live as that says", async () => {
    const { heard } = await openTab("r1", { locks: locks.ofTab(), SharedWorker: FakeWorker });
    hear(workers[0]!, { type: "here", isKnown: true });
    await vi.advanceTimersByTimeAsync(2_750);
    hear(workers[1]!, { type: "here", isKnown: true, up: { type: "up", isUp: true } });
    expect(heard.at(-1)).toEqual({ type: "up", isUp: true });
    // It may hear the last of the port before after the first of this one.
    expect(workers[0]!.said.map(({ subscription }) => subscription)).not.toContain(null);
    await answerFor(workers[1]!, 10_000);
    expect(workers.map(({ options }) => options.name)).toEqual(["kawa:2::/api/reactive", "kawa:2::/api/reactive"]);
  });

  it("is as live as before when a worker that was held up answers again", async () => {
    const { heard } = await openTab("r1", { locks: locks.ofTab(), SharedWorker: FakeWorker });
    hear(workers[0]!, { type: "here", isKnown: true });
    hear(workers[0]!, { type: "up", isUp: true, state: "stale" });
    await vi.advanceTimersByTimeAsync(1_800);
    hear(workers[0]!, { type: "here", isKnown: true });
    expect(heard.slice(1)).toEqual([
      { type: "up", isUp: false },
      { type: "up", isUp: true, state: "stale" },
    ]);
    await answerFor(workers[0]!, 10_000);
    expect(workers).toHaveLength(1);
  });

  it("says what it shows when a worker does not know it, as one that the browser has started anew on the same ports", async () => {
    await openTab("r1", { locks: locks.ofTab(), SharedWorker: FakeWorker });
    hear(workers[0]!, { type: "here", isKnown: true });
    await vi.advanceTimersByTimeAsync(900);
    expect(beatsOf(workers[0]!)).toBe(1);
    hear(workers[0]!, { type: "here", isKnown: false });
    expect(workers[0]!.said.at(-1)!.subscription).toEqual({ route: [["r1", ""]] });
    await answerFor(workers[0]!, 10_000);
    expect(workers[0]!.said.filter(({ subscription }) => subscription)).toHaveLength(2);
  });

  it("asks nothing while it is hidden, and at once when it is shown", async () => {
    const browser = new FakeWindow();
    const { port } = await openTab("r1", { locks: locks.ofTab(), SharedWorker: FakeWorker });
    hear(workers[0]!, { type: "here", isKnown: true });
    browser.document.visibilityState = "hidden";
    await vi.advanceTimersByTimeAsync(60_000);
    expect(beatsOf(workers[0]!)).toBe(0);
    expect(workers).toHaveLength(1);
    browser.document.visibilityState = "visible";
    port.revive();
    expect(beatsOf(workers[0]!)).toBe(1);
    await vi.advanceTimersByTimeAsync(2_400);
    expect(workers).toHaveLength(2);
  });

  it("leaves a worker that never says anything before 5 s are over, for it may have ended while it started", async () => {
    const { heard } = await openTab("r1", { locks: locks.ofTab(), SharedWorker: FakeWorker });
    await vi.advanceTimersByTimeAsync(3_999);
    expect(workers).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(workers.map(({ options }) => options.name)).toEqual(["kawa:2::/api/reactive", "kawa:2::/api/reactive:1"]);
    expect(workers[0]!.said.at(-1)!.subscription).toBeNull();
    expect(workers[1]!.said[0]!.subscription).toEqual({ route: [["r1", ""]] });
    expect(heard).toEqual([{ type: "up", isUp: false }]);
  });

  it("takes the next way when the worker cannot be loaded", async () => {
    const { heard } = await openTab("r1", {
      locks: locks.ofTab(),
      BroadcastChannel: FakeChannel,
      SharedWorker: FakeWorker,
    });
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
