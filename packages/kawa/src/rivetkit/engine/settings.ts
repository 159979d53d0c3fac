import { devNull } from "node:os";
import { env } from "../settings/env.ts";
import { engineQueue, engineTuning } from "./tuning.ts";

/** A service for other engines of a cluster. It asks for no token. */
export const leftOutService = "api_peer";

/**
 * The engine and its tool read all certificates of the system several times at each start, which is half of the work of a start. An engine
 * that stores in files connects to no other machine; should it do so, it has the certificates that it was built with.
 */
const noCertificates = { SSL_CERT_FILE: devNull, SSL_CERT_DIR: devNull };

export type EngineSettings = {
  readonly port: number;
  readonly dataPath: string;
  /** The engine refuses requests without it. */
  readonly adminToken: string;
  /** Address of its metrics, which ask for no token. */
  readonly metricsHost: string;
};

/** Environment of the engine process. Settings of the user (`RIVET__…`) win. */
export function engineEnvironment({ port, dataPath, adminToken, metricsHost }: EngineSettings): NodeJS.ProcessEnv {
  return {
    RIVET__AUTH__ADMIN_TOKEN: adminToken,
    RIVET__GUARD__HOST: "127.0.0.1",
    RIVET__GUARD__PORT: String(port),
    ...metricsEnvironment(metricsHost),
    ...engineTuning,
    ...engineQueue,
    ...storeEnvironment(dataPath),
  };
}

/** Environment of a command that looks into the store of an engine. */
export function toolEnvironment(dataPath: string): NodeJS.ProcessEnv {
  return { ...storeEnvironment(dataPath), RUST_LOG: "error" };
}

/** Environment that tells an engine, or its tool, where the store is. */
export function storeEnvironment(dataPath: string): NodeJS.ProcessEnv {
  const user = env.forEngine;
  const isDatabase = Boolean(user["RIVET__POSTGRES__URL"]);
  return { ...(isDatabase ? {} : { RIVET__FILE_SYSTEM__PATH: dataPath, ...noCertificates }), ...user };
}

/** Whether an engine with this environment stores in files at `dataPath`, and not in a database. */
export function storesInFiles(dataPath: string): boolean {
  return storeEnvironment(dataPath)["RIVET__FILE_SYSTEM__PATH"] === dataPath;
}

/** The token that the user's settings give the engine. */
export function givenAdminToken(): string | undefined {
  return env.forEngine["RIVET__AUTH__ADMIN_TOKEN"] || undefined;
}

/** A user who names a host or a port for metrics gets them there. */
function metricsEnvironment(host: string): Record<string, string> {
  const { RIVET__METRICS__PORT, RIVET__METRICS__HOST } = env.forEngine;
  if (RIVET__METRICS__PORT || RIVET__METRICS__HOST) return { RIVET__METRICS__HOST: "127.0.0.1" };
  return { RIVET__METRICS__HOST: host, RIVET__METRICS__PORT: "0" };
}
