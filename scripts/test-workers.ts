import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { builtinModules, createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Operations } from "../packages/kawa/test/integration/support/app-process.ts";
import { adminToken, startOwnEngine } from "../packages/kawa/test/integration/support/own-engine.ts";
import { Script } from "../packages/kawa/test/integration/support/script.ts";
import { waitUntil } from "../e2e/support/process.ts";

// Runs scripts/workers/worker.ts in Cloudflare's own runtime, beside a server in Node.js that hosts the actor. What that needs is installed in an
// empty folder: 174 MB.

const packages = ["miniflare@4.20260730.0", "esbuild@0.28.2"];
const compatibilityDate = "2026-07-30";
const repository = join(import.meta.dirname, "..");
const support = join(repository, "packages/kawa/test/integration/support");

type Miniflare = { dispatchFetch(url: string, init?: RequestInit): Promise<Response>; dispose(): Promise<void> };
type Esbuild = { build(options: object): Promise<unknown> };

const folder = mkdtempSync(join(tmpdir(), "kawa-workers-"));
const secrets = { RIVET_TOKEN: adminToken, KAWA_SECRET: "the secret of all servers" };
const engine = await startOwnEngine({ dataDir: folder });
const env = { ...secrets, RIVET_ENDPOINT: engine.endpoint };
const host = new Script<Operations>(join(support, "app-process.ts"), { dataDir: folder, env });
let worker: Miniflare | undefined;

try {
  console.info(`- installs ${packages.join(" and ")}`);
  writeFileSync(join(folder, "package.json"), "{}");
  execFileSync("npm", ["install", "--no-audit", "--no-fund", ...packages], { cwd: folder, stdio: "ignore" });
  const load = createRequire(join(folder, "package.json"));
  const bundle = join(folder, "worker.mjs");
  await (load("esbuild") as Esbuild).build({
    entryPoints: [join(repository, "scripts/workers/worker.ts")],
    outfile: bundle,
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "import"],
    external: ["node:*", "@rivetkit/rivetkit-napi", "@rivetkit/rivetkit-wasm"],
    alias: Object.fromEntries(builtinModules.map((name) => [name, `node:${name}`])),
    banner: { js: `import { createRequire as from } from "node:module"; const require = from("/");` },
    tsconfigRaw: {},
  });

  await host.call("set", "counter", 41);
  const { Miniflare } = load("miniflare") as { Miniflare: new (options: object) => Miniflare };
  const runtime = (worker = new Miniflare({
    modules: [{ type: "ESModule", path: bundle }],
    modulesRoot: folder,
    compatibilityDate,
    compatibilityFlags: ["nodejs_compat"],
    bindings: { ...env, NODE_ENV: "production" },
    durableObjects: { SIGNALS: "SignalsObject" },
  }));
  const ask = async (method = "GET"): Promise<unknown> => {
    const response = await runtime.dispatchFetch("http://worker/", { method, signal: AbortSignal.timeout(30_000) });
    return response.ok ? response.json() : Promise.reject(new Error(await response.text()));
  };

  console.info("- reads, writes, and hears of what the server writes");
  assert.equal(await ask(), 41);
  assert.equal(await ask("POST"), 42);
  assert.equal(await host.call("get", "counter"), 42);
  await host.call("set", "counter", 100);
  await waitUntil(async () => (await ask()) === 100, { timeoutMs: 10_000, what: "the change of the server" });

  console.info("- goes on with an engine that was killed and started again");
  await engine.endBy("SIGKILL");
  engine.spawn();
  await engine.whenUp();
  await waitUntil(
    () =>
      ask("POST").then(
        () => true,
        () => false,
      ),
    { timeoutMs: 60_000, what: "a write" },
  );
  assert.equal(await host.call("get", "counter"), await ask());
  console.info("A Durable Object in workerd reads and writes signals.");
} finally {
  await worker?.dispose().catch(() => {});
  await host.endBy("SIGKILL");
  await engine.endBy("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
