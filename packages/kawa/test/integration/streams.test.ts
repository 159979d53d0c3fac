import { describe, expect, it, type TestContext } from "vitest";
import { type App, makeDataDir, startApp } from "./support/app.ts";
import { readEngineRecord, signalProcess, waitUntil } from "./support/processes.ts";
import type { Tick } from "./support/stream-operations.ts";

/** A lease of 6 s and a renewal of 2 s, on a busy machine. */
const takeoverMs = 20_000;
/** 10 s after the last render, and 3 s of grace. */
const endMs = 25_000;

const scope = "price";

type Pair = { dataDir: string; host: App; guest: App };

/** Two servers of one app; engine and actor live in the first. */
async function startPair(context: TestContext): Promise<Pair> {
  const dataDir = await makeDataDir(context);
  const host = startApp({ dataDir });
  await host.call("get", "value");
  const guest = startApp({ dataDir });
  await guest.call("get", "value");
  return { dataDir, host, guest };
}

async function endPair({ host, guest }: Pair): Promise<void> {
  await guest.end();
  await host.end();
}

/** Resolves with the first value that `app` shows and `producer` has produced after the first `count`. */
function waitForTick(app: App, producer: App, count = 0, timeoutMs = takeoverMs): Promise<Tick> {
  const what = `a value of ${producer.pid} after ${count} in ${app.pid}`;
  const check = async (): Promise<Tick | undefined> => {
    const { tick } = await app.call("streamState", scope);
    return tick !== null && tick.pid === producer.pid && tick.count > count ? tick : undefined;
  };
  return waitUntil(check, { timeoutMs, what });
}

async function isRunning(app: App): Promise<boolean> {
  return (await app.call("streamState", scope)).isRunning;
}

describe("a stream that two servers show", () => {
  it("is produced by one of them, and by the other when that one is killed", async (context) => {
    const pair = await startPair(context);
    const { host, guest } = pair;
    await guest.call("showStream", scope);
    await waitForTick(guest, guest);
    await host.call("showStream", scope);
    const { count } = await waitForTick(host, guest);
    await waitForTick(host, guest, count + 100);
    expect(await host.call("streamState", scope)).toMatchObject({ startCount: 0, isRunning: false });
    expect(await guest.call("streamState", scope)).toMatchObject({ startCount: 1, isRunning: true });

    await guest.kill();

    const last = (await host.call("streamState", scope)).tick!;
    await waitForTick(host, host, last.count);
    expect(await host.call("streamState", scope)).toMatchObject({ startCount: 1, isRunning: true });
    await host.end();
  });

  it("is produced by the other when the one is killed that hosts the actor and the engine", async (context) => {
    const { host, guest } = await startPair(context);
    await host.call("showStream", scope);
    await waitForTick(host, host);
    await guest.call("showStream", scope);
    await waitForTick(guest, host);

    await host.kill();

    await waitForTick(guest, guest, 0, 2 * takeoverMs);
    expect(await guest.call("streamState", scope)).toMatchObject({ startCount: 1, isRunning: true });
    await guest.end();
  });

  it("is produced by the other soon after a regular end", async (context) => {
    const { host, guest } = await startPair(context);
    await guest.call("showStream", scope);
    await waitForTick(guest, guest);
    await host.call("showStream", scope);
    const { count } = await waitForTick(host, guest);

    const end = guest.end();
    // Well before the lease would have ended.
    await waitForTick(host, host, count, 5_000);
    expect(await isRunning(host)).toBe(true);

    await end;
    await host.end();
  });

  it("is produced by one of them again after the engine was killed", async (context) => {
    const pair = await startPair(context);
    const { host, guest, dataDir } = pair;
    await guest.call("showStream", scope);
    await waitForTick(guest, guest);
    await host.call("showStream", scope);
    const { count } = await waitForTick(host, guest);

    signalProcess((await readEngineRecord(dataDir))!.pid, "SIGKILL");

    const newer = async (app: App): Promise<boolean> =>
      ((await app.call("streamState", scope)).tick?.count ?? 0) > count + 100;
    const wait = { timeoutMs: 2 * takeoverMs, what: "newer values on both servers" };
    await waitUntil(async () => (await newer(host)) && (await newer(guest)), wait);
    // One that was told otherwise has stopped within a renewal.
    const isOne = async (): Promise<boolean> => (await isRunning(host)) !== (await isRunning(guest));
    await waitUntil(isOne, { timeoutMs: takeoverMs, what: "one server to produce" });
    expect(await newer(host)).toBe(true);
    await endPair(pair);
  });
});

describe("a stream that nobody shows any more", () => {
  it("is stopped and loses its value, and begins anew for the next", async (context) => {
    const pair = await startPair(context);
    const { host, guest } = pair;
    await guest.call("showStream", scope);
    await waitForTick(guest, guest);
    await host.call("showStream", scope);
    await waitForTick(host, guest, 50);

    await guest.call("hideStream", scope);
    // The other still shows it, and goes on.
    const handedOver = await waitForTick(host, host, 50, endMs);
    expect(await isRunning(guest)).toBe(false);
    await waitForTick(host, host, handedOver.count + 50);

    await host.call("hideStream", scope);
    await waitUntil(async () => (await guest.call("streamState", scope)).tick === null, {
      timeoutMs: endMs,
      what: "the value to be gone",
    });
    expect([await isRunning(host), await isRunning(guest)]).toEqual([false, false]);

    await guest.call("showStream", scope);
    const first = await waitForTick(guest, guest);
    expect(first.count).toBeLessThan(50);
    await endPair(pair);
  });
});
