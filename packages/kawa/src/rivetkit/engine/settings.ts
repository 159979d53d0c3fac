import { devNull } from "node:os";
import { env } from "../settings/env.ts";

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
    RIVET__TELEMETRY__ENABLED: "false",
    // A backtrace of every refused connection would fill the log.
    RUST_BACKTRACE: "0",
    // Nagle plus delayed acknowledgements cost 40 ms a message.
    RIVET__GUARD__TCP_NODELAY: "true",
    // The default queue drops events silently in bursts of more than 1,024.
    RIVET__MEMORY__CHANNEL: "default",
    RIVET__MEMORY__DISABLE_MEMORY_OPTIMIZATION: "true",
    // The limits are meant for the public; these connections are ours.
    RIVET__PEGBOARD__ENVOY_WEBSOCKET_RATE_LIMIT_REQUESTS: "1000000000",
    RIVET__PEGBOARD__ENVOY_WEBSOCKET_RATE_LIMIT_DRIP_RATE_US: "1",
    RIVET__PEGBOARD__GATEWAY_WEBSOCKET_RATE_LIMIT_REQUESTS: "1000000000",
    RIVET__PEGBOARD__GATEWAY_WEBSOCKET_RATE_LIMIT_DRIP_RATE_MS: "1",
    // Milliseconds: a killed server is noticed after 3 s.
    RIVET__PEGBOARD__ENVOY_LOST_THRESHOLD: "3000",
    RIVET__PEGBOARD__ENVOY_ELIGIBLE_THRESHOLD: "2500",
    RIVET__PEGBOARD__ENVOY_UPDATE_PING_INTERVAL: "1000",
    // The default for a lost stop is 30 minutes, in which the actor does not answer.
    RIVET__PEGBOARD__ACTOR_START_THRESHOLD: "5000",
    RIVET__PEGBOARD__ACTOR_STOP_THRESHOLD: "15000",
    RIVET__PEGBOARD__BASE_RETRY_TIMEOUT: "100",
    RIVET__PEGBOARD__RETRY_RESET_DURATION: "100",
    RIVET__PEGBOARD__RESCHEDULE_BACKOFF_MAX_EXPONENT: "1",
    RIVET__PEGBOARD__MIN_METADATA_POLL_INTERVAL: "1000",
    // Millicores. Above 70 % of this the engine takes up only some of its work, chosen by chance: on a busy machine an actor that
    // is to be started waits for up to 30 s. It is meant for engines that share their work.
    RIVET__RUNTIME__WORKER_CPU_MAX: "10000000",
    // Seconds. Without them an open socket keeps the engine from exiting for minutes.
    RIVET__RUNTIME__GUARD_SHUTDOWN_DURATION: "1",
    RIVET__RUNTIME__WORKER_SHUTDOWN_DURATION: "1",
    RIVET__RUNTIME__FORCE_SHUTDOWN_DURATION: "2",
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
