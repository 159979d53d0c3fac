import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { getFreePort, type SpawnedProcess, spawnProcess, waitUntil } from "../e2e/support/process.ts";
import { blocksOf, blockWith, fileIn } from "./deploy/page.ts";
import { type Machine, startUnit } from "./deploy/unit.ts";

// Walks through docs/deploy/one-server.md and several-servers.md with the starter, in an empty folder that stands for a machine: the commands of
// the pages, the units and the engine of deploy/. What needs systemd or Docker itself is not tried.

const repository = join(import.meta.dirname, "..");
const root = mkdtempSync(join(tmpdir(), "kawa-deploy-"));
const app = join(root, "home/app");
const nobody = process.getuid?.() === 0 ? 65_534 : undefined;
const running: SpawnedProcess[] = [];
const engineBinary = (
  createRequire(import.meta.url)("@rivetkit/engine-cli") as { getEnginePath(): string }
).getEnginePath();

function step(name: string): void {
  console.info(`- ${name}`);
}

/** Runs commands of a page as they stand there, where folders stand for those of the machine. */
function run(commands: string): void {
  const here = commands.replaceAll(/(?<![\w.])\/(?=opt\/|etc\/)/g, `${root}/`);
  const script = `set -e; sudo() { "$@"; }; systemctl() { :; }; npm() { [ "$1" = ci ] || command npm "$@"; }\n${here}`;
  execFileSync("bash", ["-c", script], {
    cwd: app,
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, NODE_ENV: "production" },
  });
}

async function counter(port: number, by?: number): Promise<number> {
  const url = `http://127.0.0.1:${port}/api/counter`;
  const response = await fetch(
    url,
    by === undefined ? {} : { method: "POST", body: new URLSearchParams({ by: String(by) }) },
  );
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return ((await response.json()) as { counter: number }).counter;
}

async function whenCounted(port: number, expected: number, server: SpawnedProcess): Promise<void> {
  let last: unknown;
  const isCounted = (): Promise<boolean> =>
    counter(port).then(
      (value) => (last = value) === expected,
      (error: unknown) => ((last = error), false),
    );
  await waitUntil(isCounted, { timeoutMs: 60_000, what: `${expected} on port ${port}` }).catch((error: Error) => {
    throw new Error(`${error.message} The last answer: ${String(last)}. The log:\n${server.log()}`);
  });
}

async function end(server: SpawnedProcess, signal: NodeJS.Signals): Promise<void> {
  const { pid } = server.child;
  const startedAt = performance.now();
  process.kill(pid!, signal);
  await server.exited;
  assert(performance.now() - startedAt < 10_000, "A service that takes longer is killed.");
}

/** A tracked copy: what a stranger has who has cloned an app. */
function makeApp(): void {
  execFileSync("bash", [
    "-c",
    `mkdir -p ${app} && git -C ${repository} ls-files -z | (cd ${repository} && xargs -0 cp --parents -t ${app})`,
  ]);
  execFileSync("cp", ["-al", join(repository, "node_modules"), join(app, "node_modules")]);
  writeFileSync(join(app, "next.config.ts"), fileIn(blocksOf("one-server.md", "ts"), "next.config.ts"));
}

async function oneServer(machine: Machine): Promise<void> {
  const blocks = blocksOf("one-server.md", "bash");
  step("one server: build");
  run(blockWith(blocks, "npm run build"));
  step("one server: put it where it runs");
  run(blockWith(blocks, ".next/standalone/."));
  writeFileSync(join(root, "etc/kawa/app.env"), fileIn(blocks, "/etc/kawa/app.env"));
  const port = await getFreePort();
  const unit = join(repository, "deploy/systemd/kawa-app.service");
  const start = (): SpawnedProcess => {
    const server = startUnit(unit, machine, {
      PORT: String(port),
      KAWA_ALLOWED_HOSTS: "127.0.0.1",
      KAWA_TRUSTED_PROXIES: "0",
    });
    running.push(server);
    return server;
  };
  step("one server: start it, write, stop it, start it again; then kill it");
  let server = start();
  await whenCounted(port, 0, server);
  assert.equal(await counter(port, 5), 5);
  await end(server, "SIGTERM");
  server = start();
  await whenCounted(port, 5, server);
  assert.equal(await counter(port, 2), 7);
  await end(server, "SIGKILL");
  server = start();
  await whenCounted(port, 7, server);
  const data = join(root, "var/lib/kawa-app");
  assert(existsSync(join(data, "data")), `The data is in ${data}.`);
  await end(server, "SIGTERM");
}

async function severalServers(machine: Machine): Promise<void> {
  const blocks = blocksOf("several-servers.md", "bash");
  step("several servers: run an engine by its unit");
  const enginePort = await getFreePort();
  const settings = blockWith(blocks, "RIVET__AUTH__ADMIN_TOKEN");
  for (const name of settings.matchAll(/export (RIVET__\w+)=/g))
    assert.match(name[1]!, /ADMIN_TOKEN|FILE_SYSTEM__PATH|GUARD__HOST/);
  execFileSync("bash", [
    "-c",
    `mkdir -p ${root}/opt/kawa && cp -a ${repository}/deploy/engine ${root}/opt/kawa/engine`,
  ]);
  writeFileSync(
    join(root, "etc/kawa/engine.env"),
    "RIVET__AUTH__ADMIN_TOKEN=a-random-text\nRIVET__GUARD__HOST=0.0.0.0\n",
  );
  const start = (): SpawnedProcess => {
    const more = {
      RIVET__GUARD__PORT: String(enginePort),
      RIVET__METRICS__PORT: "0",
      RIVET_ENGINE_BINARY: engineBinary,
    };
    const engine = startUnit(join(repository, "deploy/systemd/rivet-engine.service"), machine, more);
    running.push(engine);
    return engine;
  };
  let engine = start();
  step("several servers: two servers of one build");
  const line = blockWith(blocks, "node server.js");
  assert.deepEqual(
    [...line.matchAll(/(\w+)=/g)].map(([, name]) => name),
    ["RIVET_ENDPOINT", "RIVET_TOKEN", "KAWA_SECRET"],
  );
  const env = {
    RIVET_ENDPOINT: `http://127.0.0.1:${enginePort}`,
    RIVET_TOKEN: "a-random-text",
    KAWA_SECRET: "another random text, which is long enough",
    KAWA_ALLOWED_HOSTS: "127.0.0.1",
    HOSTNAME: "127.0.0.1",
    NODE_ENV: "production",
  };
  const ports = [await getFreePort(), await getFreePort()] as const;
  const [one, two] = ports.map((port) => {
    const server = spawnProcess(process.execPath, ["server.js"], {
      cwd: join(root, "opt/kawa/app"),
      env: { ...env, PORT: String(port) },
    });
    running.push(server);
    return server;
  }) as [SpawnedProcess, SpawnedProcess];
  await whenCounted(ports[0], 0, one);
  await whenCounted(ports[1], 0, two);
  assert.equal(await counter(ports[0], 3), 3);
  await whenCounted(ports[1], 3, two);
  step("several servers: the engine is killed and started again; then one server ends");
  await end(engine, "SIGKILL");
  engine = start();
  assert.equal(await counter(ports[1], 4), 7);
  await whenCounted(ports[0], 7, one);
  await end(one, "SIGTERM");
  assert.equal(await counter(ports[1], 1), 8);
  await end(two, "SIGTERM");
  await end(engine, "SIGTERM");
}

try {
  chmodSync(root, 0o755);
  step(`a copy of the starter in ${root}`);
  makeApp();
  cpSync(join(repository, "deploy"), join(app, "deploy"), { recursive: true });
  const machine: Machine = { root, uid: nobody, programs: { "/usr/bin/node": process.execPath } };
  await oneServer(machine);
  await severalServers(machine);
  console.info("Both pages lead to servers that work.");
} finally {
  for (const { child, isRunning } of running) if (isRunning()) child.kill("SIGKILL");
  if (dirname(root) === tmpdir()) rmSync(root, { recursive: true, force: true, maxRetries: 5 });
}
