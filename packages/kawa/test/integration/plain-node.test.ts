import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { createClient } from "rivetkit/client";
import { describe, expect, it, onTestFinished, type TestContext } from "vitest";
import { addressOf, type EngineAccess, engineAccess } from "../../../../e2e/support/engine-access.ts";
import { findEnginePort } from "../../src/rivetkit/engine/ports.ts";
import type { Operations as LateOperations } from "./plain-node/late-actors.ts";
import type { Operations as LifeOperations } from "./plain-node/backend-life.ts";
import type { Operations as ExistingOperations } from "./plain-node/existing-registry/main.ts";
import type { registry } from "./plain-node/existing-registry/registry.ts";
import type { Operations as QuickStartOperations } from "./plain-node/quick-start/main.ts";
import type { Operations as SeveralOperations } from "./plain-node/several-backends/main.ts";
import type { Operations as OthersOperations } from "./plain-node/signals-of-others.ts";
import type { Operations as TwoActorsOperations } from "./plain-node/two-actors.ts";
import { makeDataDir } from "./support/app.ts";
import { findEngines, readEngineRecord, signalProcess, waitForNoProcess, waitUntil } from "./support/processes.ts";
import { Script, type ScriptOptions } from "./support/script.ts";
import type { Operation } from "./support/serve-operations.ts";

const startMs = 30_000;

function run<Operations extends Record<string, Operation>>(name: string, options: ScriptOptions): Script<Operations> {
  return new Script<Operations>(join(import.meta.dirname, "plain-node", name), options);
}

async function isEngineAt(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
  return response?.ok === true && ((await response.json()) as { runtime?: string }).runtime === "engine";
}

async function occupy(context: TestContext, port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  context.onTestFinished(() => void server.close());
  await once(server, "listening");
}

describe("the quick start", () => {
  it("listens on the port that was asked for and stays alive", async (context) => {
    const dataDir = await makeDataDir(context);
    const port = await findEnginePort();
    const server = run("quick-start/server.ts", { dataDir, env: { PORT: String(port) } });

    await waitUntil(() => isEngineAt(port), { timeoutMs: startMs, what: "the engine" });
    expect(server.hasEnded).toBe(false);

    expect(await server.endBy("SIGTERM")).toEqual({ code: 143, signal: null });
    await waitForNoProcess(dataDir, 5_000);
    expect(server.log).not.toContain("[kawa]");
  });

  it("keeps the value of a signal through SIGTERM, SIGINT and SIGKILL", async (context) => {
    const dataDir = await makeDataDir(context);
    const env = { PORT: String(await findEnginePort()) };
    let value = 0;
    for (const [signal, code] of [
      ["SIGTERM", 143],
      ["SIGINT", 130],
      ["SIGKILL", null],
    ] as const) {
      const server = run<QuickStartOperations>("quick-start/main.ts", { dataDir, env });
      expect(await server.call("get")).toBe(value);
      value += 1;
      await server.call("set", value);

      expect((await server.endBy(signal)).code).toBe(code);
      await waitForNoProcess(dataDir, 5_000);
    }
    const last = run<QuickStartOperations>("quick-start/main.ts", { dataDir, env });
    expect(await last.call("get")).toBe(3);
    await last.endBy("SIGTERM");
  });

  it("ends at a signal that comes twice, as from a shell and npm, with a clean stop", async (context) => {
    const dataDir = await makeDataDir(context);
    const server = run<QuickStartOperations>("quick-start/main.ts", {
      dataDir,
      env: { PORT: String(await findEnginePort()) },
    });
    await server.call("get");

    signalProcess(server.pid, "SIGINT");
    expect(await server.endBy("SIGINT")).toEqual({ code: 130, signal: null });

    expect(await readEngineRecord(dataDir)).toMatchObject({ pid: 0 });
    await waitForNoProcess(dataDir, 5_000);
  });

  it("ends at a signal during the start", async (context) => {
    const dataDir = await makeDataDir(context);
    const server = run("quick-start/main.ts", { dataDir, env: { PORT: String(await findEnginePort()) } });
    await waitUntil(() => findEngines(dataDir).length > 0, {
      timeoutMs: startMs,
      intervalMs: 5,
      what: "the engine's process",
    });

    expect(await server.endBy("SIGTERM")).toEqual({ code: 143, signal: null });
    await waitForNoProcess(dataDir, 5_000);
  });

  it("ends with code 1 and says what to do when another program has the port", async (context) => {
    const dataDir = await makeDataDir(context);
    const port = await findEnginePort();
    await occupy(context, port);
    const server = run("quick-start/server.ts", { dataDir, env: { PORT: String(port) } });

    expect(await server.ended).toEqual({ code: 1, signal: null });
    expect(server.log).toMatch(
      new RegExp(`^\\[kawa\\] The embedded engine cannot listen on port ${port}: .*\\(ENGINE_PORT_TAKEN\\)\\n$`),
    );
    await waitForNoProcess(dataDir, 5_000);
  });

  it("ends with code 1 when the port is no number", async (context) => {
    const server = run("quick-start/server.ts", { dataDir: await makeDataDir(context), env: { PORT: "x" } });
    expect(await server.ended).toEqual({ code: 1, signal: null });
    expect(server.log).toMatch(/^\[kawa\] defaultServerPort is NaN; .*\(OPTION_INVALID\)\n$/);
  });

  it.each([
    ["RIVET_ENDPOINT names", "quick-start/main.ts", (access: EngineAccess) => ({ RIVET_ENDPOINT: addressOf(access) })],
    [
      "the registry's setup names",
      "named-engine.ts",
      ({ endpoint, namespace, token }: EngineAccess) => ({
        ENGINE: endpoint,
        ENGINE_NAMESPACE: namespace,
        ENGINE_TOKEN: token,
      }),
    ],
  ])("uses the engine that %s, whatever port it asks for", async (_, script, engineAt) => {
    const [dataDir, otherDir] = [await makeDataDir({ onTestFinished }), await makeDataDir({ onTestFinished })];
    const [port, unused] = [await findEnginePort(), await findEnginePort()];
    const KAWA_SECRET = "a secret of both servers";
    const owner = run<QuickStartOperations>("quick-start/main.ts", {
      dataDir,
      env: { PORT: String(port), KAWA_SECRET },
    });
    await owner.call("set", 5);

    const env = { PORT: String(unused), KAWA_SECRET, ...engineAt(await engineAccess(dataDir)) };
    const guest = run<QuickStartOperations>(script, { dataDir: otherDir, env });
    expect(await guest.call("get")).toBe(5);
    expect(await isEngineAt(unused)).toBe(false);
    expect(findEngines(otherDir)).toEqual([]);

    expect((await guest.endBy("SIGTERM")).code).toBe(143);
    expect((await owner.endBy("SIGTERM")).code).toBe(143);
  });

  it("shares the engine of another process of its folder, and says so when the ports differ", async (context) => {
    const dataDir = await makeDataDir(context);
    const [port, other] = [await findEnginePort(), await findEnginePort()];
    const first = run<QuickStartOperations>("quick-start/main.ts", { dataDir, env: { PORT: String(port) } });
    await first.call("set", 1);
    const second = run<QuickStartOperations>("quick-start/main.ts", { dataDir, env: { PORT: String(other) } });
    expect(await second.call("get")).toBe(1);

    expect(second.log).toContain(
      `[kawa] The engine listens on http://127.0.0.1:${port} already, not on port ${other}.`,
    );
    expect(findEngines(dataDir)).toHaveLength(1);
    expect(first.log).toBe("");

    await first.endBy("SIGTERM");
    await second.call("set", 2);
    expect(await second.call("get")).toBe(2);
    await second.endBy("SIGTERM");
    await waitForNoProcess(dataDir, 5_000);
  });
});

describe("a registry of the user's own", () => {
  it("has its other actors reached by a RivetKit client, beside the signals, also after a restart", async (context) => {
    const dataDir = await makeDataDir(context);
    const port = await findEnginePort();
    const env = { PORT: String(port) };
    const first = run<ExistingOperations>("existing-registry/main.ts", { dataDir, env });
    await first.call("set", "light");
    // RivetKit's own start() would have a second engine.
    expect(findEngines(dataDir)).toHaveLength(1);

    const mine = createClient<typeof registry>(await engineAccess(dataDir)).myActor.getOrCreate(["one"]);
    const counts: unknown[] = [];
    const connection = mine.connect();
    connection.on("counted", (count) => counts.push(count));
    await connection.ready;
    expect(await mine.add(2)).toBe(2);
    expect(await connection.add(3)).toBe(5);
    await first.call("set", "blue");
    await mine.log.write("written");
    await waitUntil(() => counts.length === 2, { timeoutMs: startMs, what: "two events" });
    expect(counts).toEqual([2, 5]);
    await expect(mine.fail()).rejects.toMatchObject({
      code: "internal_error",
      message: expect.not.stringContaining("secret"),
    });
    await connection.dispose();

    expect(await first.endBy("SIGTERM")).toEqual({ code: 143, signal: null });
    await waitForNoProcess(dataDir, 5_000);

    const second = run<ExistingOperations>("existing-registry/main.ts", { dataDir, env });
    expect(await second.call("get")).toBe("blue");
    const again = createClient<typeof registry>(await engineAccess(dataDir)).myActor.getOrCreate(["one"]);
    expect(await again.count()).toBe(5);
    expect(await again.log.read()).toEqual(["written"]);
    await second.endBy("SIGTERM");
  });
});

describe("several backends", () => {
  const names = ["users", "analytics", "global"] as const;

  it("keep the same key apart, also after a restart", async (context) => {
    const dataDir = await makeDataDir(context);
    const first = run<SeveralOperations>("several-backends/main.ts", { dataDir });
    for (const name of names) await first.call("set", name, `of ${name}`);
    for (const name of names) expect(await first.call("get", name)).toBe(`of ${name}`);
    await first.endBy("SIGTERM");

    const second = run<SeveralOperations>("several-backends/main.ts", { dataDir });
    for (const name of names) expect(await second.call("get", name)).toBe(`of ${name}`);
    await second.endBy("SIGTERM");
  });

  it("are inherited by the namespaces inside a namespace", async (context) => {
    const server = run<SeveralOperations>("several-backends/main.ts", { dataDir: await makeDataDir(context) });
    for (const name of names) {
      const key = await server.call("setNested", name, "inside");
      expect(key).toBe(`${name}:nested:value`);
      expect(await server.call("holders", key)).toEqual([name]);
    }
    await server.endBy("SIGTERM");
  });

  it("use differently named actors of one registry", async (context) => {
    const dataDir = await makeDataDir(context);
    const first = run<TwoActorsOperations>("two-actors.ts", { dataDir });
    expect(await first.call("ids")).toEqual(["settings/global", "sessions/global"]);
    await first.call("set", "settings", "of settings");
    expect(await first.call("get", "sessions")).toBe("none");
    await first.call("set", "sessions", "of sessions");
    await first.endBy("SIGTERM");

    const second = run<TwoActorsOperations>("two-actors.ts", { dataDir });
    expect(await second.call("get", "settings")).toBe("of settings");
    expect(await second.call("get", "sessions")).toBe("of sessions");
    await second.endBy("SIGTERM");
  });
});

describe("the life of a backend", () => {
  it("begins after the start of a server that had no actors", async (context) => {
    const script = run<LateOperations>("late-actors.ts", { dataDir: await makeDataDir(context) });
    expect(await script.call("setAfterStart", "late")).toBe("late");
    await script.endBy("SIGTERM");
    expect(script.log).not.toContain("[kawa]");
  });

  it("goes from idle to connecting, connected and closed", async (context) => {
    const script = run<LifeOperations>("backend-life.ts", { dataDir: await makeDataDir(context) });
    expect(await script.call("isInitialized")).toBe(false);
    await script.call("init", true);
    expect(await script.call("isInitialized")).toBe(true);
    expect(await script.call("status")).toBe("idle");
    expect(await script.call("start")).toEqual(["idle", "connecting", "connected"]);
    expect(await script.call("init", true)).toBe(true);

    await script.call("close");
    expect(await script.call("status")).toBe("closed");
    expect(await script.call("isInitialized")).toBe(false);
    await script.endBy("SIGTERM");
  });

  for (const isGlobal of [true, false]) {
    it(`ends with close(), and a new one of the same actor has the values (global: ${isGlobal})`, async (context) => {
      const script = run<LifeOperations>("backend-life.ts", { dataDir: await makeDataDir(context) });
      await script.call("init", isGlobal);
      await script.call("set", isGlobal, 1);
      expect(await script.call("isInitialized")).toBe(isGlobal);

      await script.call("close");
      await expect(script.call("set", isGlobal, 2)).rejects.toMatchObject({ code: "BACKEND_CLOSED" });

      expect(await script.call("init", isGlobal)).toBe(false);
      expect(await script.call("isInitialized")).toBe(isGlobal);
      expect(await script.call("get", isGlobal)).toBe(1);
      await script.call("set", isGlobal, 3);
      expect(await script.call("get", isGlobal)).toBe(3);
      expect(await script.call("status")).toBe("connected");
      await script.endBy("SIGTERM");
    });
  }

  it("ends with the registry's shutdown(), after which the registry can be started again", async (context) => {
    const dataDir = await makeDataDir(context);
    const script = run<LifeOperations>("backend-life.ts", { dataDir });
    await script.call("init", true);
    await script.call("set", true, 1);

    await script.call("shutdown");
    expect(await script.call("status")).toBe("closed");
    expect(findEngines(dataDir)).toEqual([]);

    await script.call("init", true);
    await script.call("start");
    expect(await script.call("get", true)).toBe(1);
    expect(await script.endBy("SIGTERM")).toEqual({ code: 143, signal: null });
  });
});

describe("a server with an end of its own", () => {
  it("answers the requests that are under way, then the process ends", async (context) => {
    const dataDir = await makeDataDir(context);
    const server = run<OthersOperations>("signals-of-others.ts", { dataDir });
    const port = await server.call("port");
    const response = fetch(`http://127.0.0.1:${port}`, { headers: { connection: "close" } });
    await server.call("set", 1);

    const ended = server.endBy("SIGTERM");
    await waitUntil(() => findEngines(dataDir).length === 0, { timeoutMs: startMs, what: "the engine to end" });
    expect(server.hasEnded).toBe(false);
    await server.call("answer");

    expect(await (await response).text()).toBe("done");
    expect(await ended).toEqual({ code: 143, signal: null });
  });

  it("has its process.exit wait for the clean stop, and chooses the exit code", async (context) => {
    const dataDir = await makeDataDir(context);
    const server = run<OthersOperations>("signals-of-others.ts", { dataDir, env: { EXIT_CODE: "7" } });
    await server.call("set", 1);

    expect(await server.endBy("SIGTERM")).toEqual({ code: 7, signal: null });
    expect(await readEngineRecord(dataDir)).toMatchObject({ pid: 0 });
    await waitForNoProcess(dataDir, 5_000);
  });
});
