import { createClient } from "rivetkit/client";
import { describe, expect, it, type TestContext } from "vitest";
import { engineAccess } from "../../../../e2e/support/engine-access.ts";
import { type App, makeDataDir, startApp } from "./support/app.ts";
import { findEngines, readEngineRecord, signalProcess, waitUntil } from "./support/processes.ts";

const recoveryMs = 20_000;

type Pair = { dataDir: string; endpoint: string; host: App; guest: App };

/** Two servers of one app; the actor lives in the first. */
async function startPair(context: TestContext): Promise<Pair> {
  const dataDir = await makeDataDir(context);
  const host = startApp({ dataDir });
  const endpoint = await host.call("start");
  await host.call("get", "value");
  const guest = startApp({ dataDir });
  expect(await guest.call("start")).toBe(endpoint);
  return { dataDir, endpoint, host, guest };
}

async function endPair({ host, guest }: Pair): Promise<void> {
  await guest.end();
  await host.end();
}

async function waitForShown(app: App, key: string, value: unknown, timeoutMs = recoveryMs): Promise<void> {
  await waitUntil(async () => (await app.call("peek", key)) === value, { timeoutMs, what: `"${key}" to be ${value}` });
}

describe("two servers of one app", () => {
  it("show each other's writes in order, without asking", async (context) => {
    const pair = await startPair(context);
    const { host, guest } = pair;
    await host.call("watch", "from guest");
    await guest.call("watch", "from host");

    for (let value = 1; value <= 20; value += 1) {
      await host.call("set", "from host", value);
      await guest.call("set", "from guest", value);
    }

    await waitForShown(guest, "from host", 20);
    await waitForShown(host, "from guest", 20);
    const all = [null, ...Array.from({ length: 20 }, (_, index) => index + 1)];
    expect(await guest.call("seen", "from host")).toEqual(all);
    expect(await host.call("seen", "from guest")).toEqual(all);
    await endPair(pair);
  });

  it("count 4 x 2,500 increments as 10,000, through a kill of the engine", async (context) => {
    const pair = await startPair(context);
    const { host, guest, dataDir } = pair;
    const others = [startApp({ dataDir }), startApp({ dataDir })];
    await Promise.all(others.map((app) => app.call("start")));
    const all = [host, guest, ...others];
    const count = async (): Promise<number> => Number(await host.call("peek", "count"));
    await host.call("get", "count");
    const allDone = Promise.all(all.map((app) => app.call("incrementInGroups", "count", 2_500, 25)));
    await waitUntil(async () => (await count()) > 2_000, {
      timeoutMs: recoveryMs,
      what: "the increments to be under way",
    });
    const engine = await readEngineRecord(dataDir);
    signalProcess(engine!.pid, "SIGKILL");
    expect(await count()).toBeLessThan(10_000);

    await allDone;

    expect(await host.call("get", "count")).toBe(10_000);
    await Promise.all(all.map((app) => waitForShown(app, "count", 10_000)));
    expect(findEngines(dataDir).map(({ pid }) => pid)).not.toContain(engine!.pid);
    for (const app of others) await app.end();
    await endPair(pair);
  });

  it("notice that deltas were lost, and catch up", async (context) => {
    const pair = await startPair(context);
    const { host, guest } = pair;
    await guest.call("get", "lost");
    await guest.call("get", "marker");

    await guest.call("loseDeltas", 2);
    await host.call("set", "lost", 1);
    await host.call("set", "lost", 2);
    await waitUntil(async () => (await guest.call("deltasToLose")) === 0, {
      timeoutMs: recoveryMs,
      what: "two deltas to be lost",
    });

    await host.call("set", "marker", 3);
    await waitForShown(guest, "marker", 3);
    // The delta of the marker shows the gap, if no ping did before: it is not shown without what came before it.
    expect(await guest.call("peek", "lost")).toBe(2);
    expect(guest.log).toContain("has missed changes");
    await endPair(pair);
  });
});

describe("a stranger who reaches the engine", () => {
  type StrangerClient = Record<
    "reactiveState",
    {
      getOrCreate(key: string[]): {
        webSocket(): Promise<WebSocket>;
        action(call: { name: string; args: unknown[] }): Promise<unknown>;
        fetch(path: string): Promise<Response>;
      };
    }
  >;

  /** One who has been told how to reach the engine, as a RivetKit client of the app has. */
  async function strangerOf({ dataDir }: Pair) {
    const client = createClient(await engineAccess(dataDir)) as unknown as StrangerClient;
    return client.reactiveState.getOrCreate(["global"]);
  }

  /** Everything that the actor says, up to the end of the socket. */
  async function talk(socket: WebSocket, ...messages: unknown[]): Promise<{ heard: string[]; code: number }> {
    const heard: string[] = [];
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("The actor did not hang up.")), recoveryMs);
      socket.addEventListener("message", (event) => heard.push(String(event.data)));
      socket.addEventListener("close", ({ code }) => {
        clearTimeout(timer);
        resolve({ heard, code });
      });
      const say = (): void => messages.forEach((message) => socket.send(JSON.stringify(message)));
      if (socket.readyState === socket.OPEN) say();
      else socket.addEventListener("open", say);
    });
  }

  const attempts = {
    "reads at once": [{ id: 1, type: "read", body: { keys: ["app:value"] } }],
    "writes at once": [
      { id: 1, type: "write", body: { client: "x", number: 1, writes: [{ key: "app:value", text: "[9]" }] } },
    ],
    "has a forged token": [
      { id: 1, type: "hello", body: { token: `${Date.now() + 60_000}.AAAA` } },
      { id: 2, type: "follow", body: { epoch: "", seq: 0 } },
    ],
    "says nothing": [],
  };

  it("is told nothing and changes nothing over a socket", async (context) => {
    const pair = await startPair(context);
    await pair.host.call("set", "value", "secret");

    const results = await Promise.all(
      Object.entries(attempts).map(async ([name, messages]) => {
        const { heard, code } = await talk(await (await strangerOf(pair)).webSocket(), ...messages);
        return [name, { heard, code }] as const;
      }),
    );

    expect(Object.fromEntries(results)).toEqual({
      "reads at once": { heard: [], code: 4401 },
      "writes at once": { heard: [], code: 4401 },
      "has a forged token": { heard: [], code: 4401 },
      "says nothing": { heard: [], code: 4408 },
    });
    expect(await pair.host.call("get", "value")).toBe("secret");
    await endPair(pair);
  });

  it("is refused every action, and finds no HTTP interface", async (context) => {
    const pair = await startPair(context);
    await pair.host.call("set", "value", "secret");
    const stranger = await strangerOf(pair);

    for (const name of ["getSignal", "getAllSignals", "setSignal", "clear", "read", "write"]) {
      await expect(stranger.action({ name, args: ["app:value", "changed"] })).rejects.toMatchObject({
        code: "UNAUTHORIZED",
      });
    }
    expect(await (await stranger.fetch("/")).text()).not.toContain("secret");
    expect(await pair.host.call("get", "value")).toBe("secret");
    await endPair(pair);
  });
});
