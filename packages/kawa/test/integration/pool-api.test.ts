import { expect, it, type TestContext } from "vitest";
import { askEngine } from "../../src/rivetkit/engine/ask-engine.ts";
import { connectedHosts, hostsByKey } from "../../src/rivetkit/engine/pool-api.ts";
import { makeDataDir } from "./support/app.ts";
import { adminToken, startOwnEngine } from "./support/own-engine.ts";
import { waitUntil } from "./support/processes.ts";

/** More than the engine lists at once. */
const count = 130;

async function startTarget(context: TestContext): Promise<Parameters<typeof connectedHosts>[0]> {
  const dataDir = await makeDataDir(context);
  // The servers of this test answer no ping.
  const engine = await startOwnEngine({ dataDir, env: { RIVET__PEGBOARD__ENVOY_PING_TIMEOUT: "120000" } });
  context.onTestFinished(() => engine.endBy("SIGKILL"));
  const target = { endpoint: engine.endpoint, namespace: "app", token: adminToken, pool: "p" };
  const ask = async (path: string, method: string, body: object): Promise<void> => {
    const { ok } = await askEngine(target, path, { method, body, signal: AbortSignal.timeout(10_000) });
    if (!ok) throw new Error(`The engine refuses ${path}.`);
  };
  await ask("/namespaces", "POST", { name: "app", display_name: "app" });
  await ask("/runner-configs/p?namespace=app", "PUT", { datacenters: { default: { normal: {} } } });
  return target;
}

/** As a server that hosts actors connects. Resolves when the engine has taken it; false where it does not yet. */
function connect({ endpoint, namespace, pool }: Parameters<typeof connectedHosts>[0], key: string): Promise<boolean> {
  const query = new URLSearchParams({
    protocol_version: "8",
    namespace,
    envoy_key: key,
    version: "1",
    pool_name: pool,
  });
  const address = `${endpoint.replace(/^http/, "ws")}/envoys/connect?${query}`;
  const socket = new WebSocket(address, ["rivet", `rivet_token.${adminToken}`]);
  return new Promise((resolve) => {
    socket.addEventListener("message", () => resolve(true), { once: true });
    for (const end of ["close", "error"]) socket.addEventListener(end, () => resolve(false));
  });
}

it("names all servers of a pool, and those that are asked for by their keys", async (context) => {
  const target = await startTarget(context);
  const keys = Array.from({ length: count }, () => crypto.randomUUID());
  // The engine knows a new pool a moment later.
  await waitUntil(() => connect(target, keys[0]!), { timeoutMs: 30_000, what: "the pool" });
  expect(new Set(await Promise.all(keys.slice(1).map((key) => connect(target, key))))).toEqual(new Set([true]));
  // What it has taken, it lists a moment later.
  let listed: string[] = [];
  const areListed = async (): Promise<boolean> => {
    listed = (await connectedHosts(target)).hosts.map(({ key }) => key);
    return listed.length >= count;
  };
  await waitUntil(areListed, { timeoutMs: 30_000, what: `${count} servers` });
  expect(listed.toSorted()).toEqual(keys.toSorted());
  const asked = await hostsByKey(target, keys);
  expect(asked.hosts.map(({ key }) => key).sort()).toEqual(keys.toSorted());
});
