import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type EngineAccess, engineAccess } from "../../../../e2e/support/engine-access.ts";
import { engineBinary } from "../../src/rivetkit/engine/binary.ts";
import { findEnginePort } from "../../src/rivetkit/engine/ports.ts";
import { engineEnvironment, storeEnvironment } from "../../src/rivetkit/engine/settings.ts";
import { type App, makeDataDir, startApp } from "./support/app.ts";
import { findProcesses, waitForNoProcess, waitUntil } from "./support/processes.ts";

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

let dataDir: string;
let app: App;
let access: EngineAccess;
const cleanups: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  dataDir = await makeDataDir({ onTestFinished: (clean) => void cleanups.push(clean as () => Promise<void>) });
  app = startApp({ dataDir });
  await app.call("set", "value", "the value");
  access = await engineAccess(dataDir);
});

afterAll(async () => {
  await app.end();
  for (const clean of cleanups) await clean();
});

/** Status and text of an answer; the engine's CORS headers let every page read it. */
async function ask(path: string, init: RequestInit = {}): Promise<{ status: number; body: string }> {
  const response = await fetch(`${access.endpoint}${path}`, { redirect: "manual", ...init });
  return { status: response.status, body: await response.text() };
}

/** How the engine ends a WebSocket that it has let open; undefined while it does not. */
async function closingOf(
  path: string,
  protocols: string[],
): Promise<{ code: number; reason: string; heard: unknown[] }> {
  const socket = new WebSocket(`${access.endpoint.replace("http", "ws")}${path}`, protocols);
  const heard: unknown[] = [];
  socket.addEventListener("message", ({ data }) => heard.push(data));
  const { code, reason } = await new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
  return { code, reason: reason.replace(/#.*/, ""), heard };
}

describe("the engine's API", () => {
  const namespaces = ["kawa", "default"];
  const tokens: Record<string, string>[] = [{}, { authorization: "Bearer wrong" }, { "x-rivet-token": "wrong" }];
  const body = JSON.stringify({
    name: "reactiveState",
    key: "global",
    runner_name_selector: "default",
    crash_policy: "sleep",
    datacenters: {},
  });
  const writing = { "content-type": "application/json" };

  it.each(tokens)("refuses everything to who has %j, in every namespace", async (headers) => {
    for (const namespace of namespaces) {
      for (const [method, path] of [
        ["GET", "/namespaces"],
        ["POST", "/namespaces"],
        ["GET", `/actors?namespace=${namespace}&name=reactiveState`],
        ["GET", `/actors/names?namespace=${namespace}`],
        ["POST", `/actors?namespace=${namespace}`],
        ["PUT", `/actors?namespace=${namespace}`],
        ["DELETE", `/actors/1gohpqg3bwbw18jn12dumjoycbcl00?namespace=${namespace}`],
        ["GET", `/actors/1gohpqg3bwbw18jn12dumjoycbcl00/kv/keys/AA?namespace=${namespace}`],
        ["GET", `/runners?namespace=${namespace}`],
        ["GET", `/runners/names?namespace=${namespace}`],
        ["GET", `/envoys?namespace=${namespace}`],
        ["GET", `/runner-configs?namespace=${namespace}`],
        ["PUT", `/runner-configs/default?namespace=${namespace}`],
        ["DELETE", `/runner-configs/default?namespace=${namespace}`],
        ["GET", "/datacenters"],
        ["GET", "/health/fanout"],
        ["GET", "/debug"],
        ["GET", "/metrics"],
        ["GET", "/internal/cache"],
      ] as const) {
        const init =
          method === "GET" || method === "DELETE"
            ? { method, headers }
            : { method, headers: { ...headers, ...writing }, body };
        const { status, body: answer } = await ask(path, init);
        expect({ path, status, isRefused: status >= 400 && status < 500 }).toEqual({ path, status, isRefused: true });
        expect(answer).not.toContain(access.namespace);
      }
    }
    for (const target of ["api-public", "api-peer", "runner", "envoy"]) {
      expect(
        (await ask("/namespaces", { headers: { ...headers, "x-rivet-target": target } })).status,
      ).toBeGreaterThanOrEqual(400);
    }
  });

  it("obeys who has the token", async () => {
    const { status, body: answer } = await ask("/namespaces", { headers: { authorization: `Bearer ${access.token}` } });
    expect(status).toBe(200);
    expect(answer).toContain(access.namespace);
  });

  it("says openly no more than that it runs, and its version", async () => {
    expect(JSON.parse((await ask("/health")).body)).toMatchObject({ runtime: "engine", status: "ok" });
    expect((await ask("/metadata")).body).not.toMatch(/kawa|reactiveState|127\.0\.0\.1/);
  });

  // They are compiled into the engine, and it has no setting that leaves them out.
  it("shows strangers pages of its own that say nothing of the app", async () => {
    for (const path of ["/ui/", "/ui/index.html", "/ui/actors"]) {
      const { body } = await ask(path);
      expect(body).toContain("<title>Rivet</title>");
      for (const secret of [access.token, access.namespace, "reactiveState", "the value", dataDir])
        expect(body).not.toContain(secret);
    }
  });

  it.each([
    ["/envoys/connect?protocol_version=8&namespace=kawa&pool_name=default&envoy_key=x", ["rivet"]],
    ["/envoys/connect?protocol_version=8&namespace=kawa&pool_name=default&envoy_key=x", ["rivet", "rivet_token.wrong"]],
    ["/runners/connect?protocol_version=8&namespace=kawa&runner_key=x", ["rivet", "rivet_token."]],
    ["/", ["rivet", "rivet_target.envoy"]],
    ["/", ["rivet", "rivet_target.actor", "rivet_actor.1gohpqg3bwbw18jn12dumjoycbcl00"]],
  ])("lets nobody host actors, or reach one, through a socket to %s as %j", async (path, protocols) => {
    expect(await closingOf(path, protocols)).toMatchObject({ code: 1011, heard: [] });
  });
});

describe("the gateway to actors", () => {
  const call = {
    method: "POST",
    headers: { "content-type": "application/json", "x-rivet-encoding": "json" },
    body: JSON.stringify({ args: ["app:value"] }),
  };

  it.each(["kawa", "default", `kawa-${"0".repeat(32)}`])(
    "leads nobody to them in the namespace %s",
    async (namespace) => {
      for (const method of ["get", "getOrCreate&rvt-pool=default"]) {
        const query = `rvt-namespace=${namespace}&rvt-method=${method}&rvt-key=global`;
        for (const path of ["action/getSignal", "inspector/state", "metadata", "request/x"]) {
          const { status, body } = await ask(`/gateway/reactiveState/${path}?${query}`, call);
          expect(status).toBeGreaterThanOrEqual(400);
          expect(body).toMatch(/namespace|actor/);
          expect(body).not.toContain("the value");
        }
        const socket = await closingOf(`/gateway/reactiveState/websocket?${query}`, ["rivet"]);
        expect(socket).toMatchObject({ code: 1011, heard: [] });
      }
    },
  );
});

describe("other ports", () => {
  it("of the engine do not exist: no connection leads to its peer API or its metrics", async () => {
    const port = Number(new URL(access.endpoint).port);
    for (const each of [port + 1, port + 10]) {
      const [error] = (await once(connect(each, "127.0.0.1"), "error")) as [NodeJS.ErrnoException];
      expect(error.code).toBe("ECONNREFUSED");
    }
  });

  it.runIf(process.platform === "linux")(
    "that its process listens on are the one that asks for a token, and one that nobody can reach",
    () => {
      const [engine] = findProcesses(dataDir).filter(({ command }) => /^\S*rivet-engine/.test(command));
      const addresses = listeningAddresses(engine!.pid);
      expect(addresses.map((address) => address.split(":")[0]).sort()).toEqual(["0100007F", "FFFFFFFF"]);
    },
  );
});

/** Local addresses, in hexadecimal, as the kernel lists them. */
function listeningAddresses(pid: number): string[] {
  const inodes = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)));
  const rows = readFileSync(`/proc/${pid}/net/tcp`, "utf8")
    .trim()
    .split("\n")
    .map((row) => row.trim().split(/\s+/));
  return rows.filter((row) => row[3] === "0A" && inodes.has(`socket:[${row[9]}]`)).map((row) => row[1]!);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

describe("the token", () => {
  it("is in no argument of a process, no log, and no record", async () => {
    const secrets = [access.token, access.namespace];
    const args = execFileSync("ps", ["-A", "-ww", "-o", "args="], { encoding: "utf8" });
    const texts = { args, log: app.log, record: readFileSync(join(dataDir, "engine.json"), "utf8") };
    const tellers = Object.entries(texts).filter(([, text]) => secrets.some((secret) => text.includes(secret)));
    expect(tellers.map(([where]) => where)).toEqual([]);
    expect(readFileSync(join(dataDir, "engine.log"), "utf8")).not.toContain(access.token);
  });

  it.skipIf(!isRoot)("and the values are closed to another user of the machine (runs as root only)", async () => {
    const run = promisify(execFile);
    const asNobody = { uid: nobody, gid: nobody };
    const names = [
      dataDir,
      ...["admin-token", "secret", "data", "journal", "engine.log"].map((name) => join(dataDir, name)),
    ];
    for (const path of names) {
      await expect(run("ls", [path], asNobody)).rejects.toThrow(/denied/);
      await expect(run("cat", [path], asNobody)).rejects.toThrow(/denied|directory/);
    }
    for (const { pid } of findProcesses(dataDir))
      await expect(run("cat", [`/proc/${pid}/environ`], asNobody)).rejects.toThrow(/denied/);
    const { stdout } = await run(
      "curl",
      ["-s", "-o", "/dev/null", "-w", "%{http_code}", `${access.endpoint}/namespaces`],
      asNobody,
    );
    expect(stdout).toBe("403");
  });
});

describe("a folder of an older version", () => {
  it("keeps its values, and is closed at its first start", async (context) => {
    const folder = await makeDataDir(context);
    const before = startApp({ dataDir: folder });
    await before.call("set", "value", 41);
    await before.end();
    await makeOld(folder);

    const after = startApp({ dataDir: folder });
    expect(await after.call("get", "value")).toBe(41);
    await after.call("set", "value", 42);
    const { namespace } = await engineAccess(folder);
    expect(namespace).toMatch(/^kawa-[0-9a-f]{32}$/);
    expect(statSync(folder).mode & 0o777).toBe(0o700);

    const second = startApp({ dataDir: folder });
    expect(await second.call("get", "value")).toBe(42);
    expect([after.log, second.log]).toEqual(["", ""]);
    await second.end();
    await after.end();
    await waitForNoProcess(folder, 5_000);

    const later = startApp({ dataDir: folder });
    expect(await later.call("get", "value")).toBe(42);
    expect(await engineAccess(folder)).toMatchObject({ namespace });
    await later.end();
  });

  /** As the version before left it: open, without a token, its actors in a namespace whose name everybody knows. */
  async function makeOld(folder: string): Promise<void> {
    const env = { ...storeEnvironment(join(folder, "data")), RUST_LOG: "error" };
    const edit = async (command: string): Promise<string> =>
      (await promisify(execFile)(engineBinary(), ["udb", "-q", command], { env })).stdout;
    const names = await edit("ls -s list /rivet/namespace/by_name");
    const [name] = /kawa-[0-9a-f]{32}/.exec(names)!;
    const id = (await edit(`get /rivet/namespace/by_name/${name}`)).trim();
    await edit(`set /rivet/namespace/data/${id}/name str:kawa`);
    await edit(`move /rivet/namespace/by_name/${name} /rivet/namespace/by_name/kawa`);
    rmSync(join(folder, "admin-token"));
    chmodSync(folder, 0o755);
  }

  it("whose engine another process still runs is shared, and the log says that it is open", async (context) => {
    const folder = await makeDataDir(context);
    const first = startApp({ dataDir: folder });
    await first.call("set", "value", 1);
    await first.end();
    const port = await findEnginePort();
    const { RIVET__AUTH__ADMIN_TOKEN: _, ...env } = engineEnvironment({
      port,
      dataPath: join(folder, "data"),
      adminToken: "",
      metricsHost: "127.0.0.1",
    });
    const engine = spawn(engineBinary(), ["start"], { env: env as NodeJS.ProcessEnv, stdio: "ignore" });
    onTestFinished(() => void engine.kill("SIGKILL"));
    writeFileSync(join(folder, "engine.json"), JSON.stringify({ pid: engine.pid, port, ownerPid: process.pid }));
    const isUp = (): Promise<boolean> =>
      fetch(`http://127.0.0.1:${port}/health`).then(
        ({ ok }) => ok,
        () => false,
      );
    await waitUntil(isUp, { timeoutMs: 20_000, what: "the old engine" });

    const guest = startApp({ dataDir: folder });
    expect(await guest.call("get", "value")).toBe(1);
    expect(guest.log).toContain(`The engine that process ${process.pid} runs accepts everybody on this machine`);
    await guest.end();
  });

  it("whose token was replaced while its engine runs is refused, with a word about it", async () => {
    const path = join(dataDir, "admin-token");
    const token = readFileSync(path, "utf8");
    onTestFinished(() => writeFileSync(path, token));
    writeFileSync(path, "another token");
    const guest = startApp({ dataDir });
    await expect(guest.call("start")).rejects.toThrow(/asks for another token than this process has/);
    guest.disconnect();
    await guest.endBy("SIGKILL");
  });
});
