import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { engineBinary } from "../../../src/rivetkit/engine/binary.ts";
import { findEnginePort } from "../../../src/rivetkit/engine/ports.ts";
import { engineEnvironment } from "../../../src/rivetkit/engine/settings.ts";
import { waitUntil } from "./processes.ts";

export const adminToken = "the-token-of-the-engine";

export type OwnEngineOptions = {
  readonly dataDir: string;
  /** As of an engine that has ended on this folder. @default a free one */
  readonly port?: number;
  /** Address that it listens on. @default 127.0.0.1 */
  readonly host?: string;
  /** Address that others reach it at. @default that which it listens on */
  readonly publicHost?: string;
  /** Settings that are another than Kawa's; `undefined` for the engine's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
};

export type OwnEngine = { readonly endpoint: string; readonly port: number; readonly pid: number };

/** An engine as somebody runs it for several servers, or for a serverless app. It ends with what works on the data folder. */
export async function startOwnEngine(options: OwnEngineOptions): Promise<OwnEngine> {
  const { dataDir, host = "127.0.0.1", publicHost = host } = options;
  const port = options.port ?? (await findEnginePort());
  const endpoint = `http://${publicHost}:${port}`;
  const datacenter = "RIVET__TOPOLOGY__DATACENTERS__DEFAULT__";
  const dataPath = join(dataDir, "engine");
  mkdirSync(dataPath, { recursive: true });
  const env = {
    ...engineEnvironment({ port, dataPath, adminToken, metricsHost: "127.0.0.1" }),
    RIVET__GUARD__HOST: host,
    RIVET__TOPOLOGY__DATACENTER_LABEL: "1",
    [`${datacenter}DATACENTER_LABEL`]: "1",
    [`${datacenter}IS_LEADER`]: "true",
    [`${datacenter}PUBLIC_URL`]: endpoint,
    [`${datacenter}PEER_URL`]: `http://127.0.0.1:${port + 1}`,
    ...options.env,
  };
  const log = openSync(join(dataDir, "own-engine.log"), "a");
  const engine = spawn(engineBinary(), ["start", "--except-services", "api_peer"], {
    env,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const isUp = (): Promise<boolean> =>
    fetch(`${endpoint}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
  await waitUntil(isUp, { timeoutMs: 30_000, what: "the engine" });
  return { endpoint, port, pid: engine.pid! };
}

/** An address of this machine that is not loopback; undefined where it has none. */
export function ownAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}
