import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { enterTab, FakeLocks } from "../../../test/support/fake-browser.ts";
import { settle } from "../../../test/support/fake-streams.ts";
import type { TabPort } from "./connect-tab.ts";
import type { OwnerLink, OwnerLinkOptions } from "./owner-link.ts";
import type { OwnerMessage, TabMessage } from "./owner-protocol.ts";

/** What stands for the worker, and for the tab that leads. */
class FakeOwner {
  readonly said: TabMessage[] = [];
  hasEnded = false;
  hear: (message: OwnerMessage) => void = () => {};
  fail: () => void = () => {};
}

const workers: FakeOwner[] = [];
const leaders: FakeOwner[] = [];
/** How the code is loaded that does without workers. */
let load: () => Promise<void>;
let locks: FakeLocks;

class FakeWorker {
  readonly #owner = new FakeOwner();
  readonly port = {
    onmessage: (_event: { data: OwnerMessage }) => {},
    postMessage: (message: TabMessage) => void this.#owner.said.push(message),
    close: () => void (this.#owner.hasEnded = true),
  };
  onerror = (): void => {};
  constructor() {
    this.#owner.hear = (data) => this.port.onmessage({ data });
    this.#owner.fail = () => this.onerror();
    workers.push(this.#owner);
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  workers.splice(0);
  leaders.splice(0);
  locks = new FakeLocks();
  load = async () => {};
  vi.resetModules();
  vi.doMock("./tab-leader.ts", async () => {
    await load();
    return { openWithoutWorker: openFake };
  });
});

afterEach(() => {
  vi.doUnmock("./tab-leader.ts");
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function openFake({ onMessage }: OwnerLinkOptions): OwnerLink {
  const leader = new FakeOwner();
  leader.hear = onMessage;
  leaders.push(leader);
  return { send: (message) => void leader.said.push(message), end: () => void (leader.hasEnded = true) };
}

async function start({ hasWorkers = true, request = locks.ofTab().request } = {}): Promise<{
  port: TabPort;
  heard: OwnerMessage[];
}> {
  enterTab({ locks: { request }, SharedWorker: hasWorkers ? FakeWorker : undefined });
  const heard: OwnerMessage[] = [];
  const { connectTab } = await import("./connect-tab.ts");
  const port = connectTab({
    src: "/api/reactive",
    subscription: () => ({ route: [["r1", ""]] }),
    onMessage: (message) => void heard.push(message),
  });
  return { port, heard };
}

async function loaded(): Promise<void> {
  await vi.dynamicImportSettled();
  await settle();
}

const here: OwnerMessage = { type: "here", isKnown: true };
const up: OwnerMessage = { type: "up", isUp: true };
const down: OwnerMessage = { type: "up", isUp: false };
/** Until a silent owner is lost. */
const hangMs = 3 * 900;

describe("a tab", () => {
  it("that waits for its lock asks nobody, and never does once it is closed", async () => {
    const waiting = vi.fn<() => void>();
    const request = (async (_name: string, { signal }: LockOptions, onHeld: () => void) => {
      waiting.mockImplementation(() => void (signal!.aborted || onHeld()));
    }) as LockManager["request"];
    const { port } = await start({ request });
    port.announce();
    port.revive();
    await settle();
    expect(workers).toEqual([]);
    port.close();
    waiting();
    expect(workers).toEqual([]);
  });

  it("joins a worker with its lock held, and says goodbye when it is closed", async () => {
    const { port } = await start();
    await settle();
    expect(workers).toHaveLength(1);
    expect(workers[0]!.said.map(({ subscription }) => subscription)).toEqual([{ route: [["r1", ""]] }]);
    port.close();
    expect(workers[0]!.said.at(-1)!.subscription).toBeNull();
    expect(workers[0]!.hasEnded).toBe(true);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(workers).toHaveLength(1);
  });

  it.each<[string, (worker: FakeOwner, ofWorker: { crash: () => void }) => Promise<void> | void]>([
    ["ends", (_, { crash }) => crash()],
    ["hangs", async () => void (await vi.advanceTimersByTimeAsync(hangMs))],
    ["fails after it was good", (worker) => worker.fail()],
  ])("leaves a worker that %s, waits and joins the next", async (_, happen) => {
    const { port, heard } = await start();
    await settle();
    const ofWorker = locks.ofTab();
    void ofWorker.request("w1", () => new Promise(() => {}));
    const [worker] = workers;
    worker!.hear({ ...here, lock: "w1" });
    worker!.hear(up);
    await happen(worker!, ofWorker);
    await settle();
    expect(heard.slice(0, 2)).toEqual([up, down]);
    expect(worker!.hasEnded).toBe(true);
    expect(workers).toHaveLength(1);
    // What comes while it waits is not the next owner's, and starts no heartbeat.
    worker!.hear(up);
    worker!.fail();
    port.revive();
    await vi.advanceTimersByTimeAsync(50);
    expect(workers).toHaveLength(2);
    expect(leaders).toEqual([]);
    expect(worker!.said.filter(({ isBeat }) => isBeat).length).toBeLessThanOrEqual(2);
    expect(heard.at(-1)).toEqual(down);
    port.close();
  });

  it("that is closed while it waits for the next try makes none", async () => {
    const { port } = await start();
    await settle();
    workers[0]!.hear(here);
    workers[0]!.fail();
    port.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(workers).toHaveLength(1);
  });

  it.each([
    ["no worker is possible", false],
    ["the worker cannot be loaded", true],
  ])("loads what does without workers when %s, and joins that", async (_, hasWorkers) => {
    const gate = Promise.withResolvers<void>();
    load = () => gate.promise;
    const { port, heard } = await start({ hasWorkers });
    await settle();
    workers[0]?.fail();
    // It loads: there is nobody to ask.
    port.revive();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(heard).toEqual([]);
    gate.resolve();
    await loaded();
    expect(leaders).toHaveLength(1);
    expect(leaders[0]!.said.map(({ subscription }) => subscription)).toEqual([{ route: [["r1", ""]] }]);
    leaders[0]!.hear(up);
    expect(heard).toEqual([up]);
    port.close();
    expect(leaders[0]!.hasEnded).toBe(true);
  });

  it("that is closed while that is loaded joins nothing", async () => {
    const gate = Promise.withResolvers<void>();
    load = () => gate.promise;
    const { port } = await start({ hasWorkers: false });
    await settle();
    port.close();
    gate.resolve();
    await loaded();
    expect(leaders).toEqual([]);
  });

  it("says that it could not be loaded, waits for 3 s and begins anew", async () => {
    load = () => Promise.reject(new Error("404"));
    const { port, heard } = await start({ hasWorkers: false });
    await loaded();
    expect(heard).toEqual([down, { type: "problem", problem: "what keeps pages live could not be loaded" }]);
    port.revive();
    await vi.advanceTimersByTimeAsync(2_999);
    expect(heard).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    await loaded();
    expect(heard).toHaveLength(4);
    port.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(heard).toHaveLength(4);
  });

  it("leaves a leading tab that hangs, waits and joins the next", async () => {
    const { port, heard } = await start({ hasWorkers: false });
    await loaded();
    leaders[0]!.hear(here);
    leaders[0]!.hear(up);
    await vi.advanceTimersByTimeAsync(hangMs);
    expect(heard).toEqual([up, down, down]);
    expect(leaders[0]!.hasEnded).toBe(true);
    await vi.advanceTimersByTimeAsync(50);
    await loaded();
    expect(leaders).toHaveLength(2);
    port.close();
  });
});
