import { type Backend, globalBackend, knownBackends } from "../../core/backend/backend.ts";
import type { KawaErrorCode } from "../../core/errors/errors.ts";
import { host } from "../../rivetkit/host/host.ts";
import { isEnding } from "../../rivetkit/host/stop-with-process.ts";

/**
 * Why a server should get no visitors. `STARTING`: it has not reached its actors yet. `START_FAILED`: it cannot, and tries again when
 * something is read. `STALE`: nothing has proved for too long that what it shows is current. `STOPPING`: it was told to end.
 */
type UnreadyReason = "STARTING" | "START_FAILED" | "STALE" | "STOPPING";

/** `ageMs` is how long ago what this server shows was known to be current; null where it has shown nothing yet. */
export type Readiness =
  | { readonly status: "ready"; readonly ageMs: number | null }
  | {
      readonly status: "unready";
      readonly reason: UnreadyReason;
      /** Code of the error with which the start has failed. */
      readonly code?: KawaErrorCode;
      readonly ageMs: number | null;
    };

/** Whether this server can serve visitors at this moment. It asks nobody: the heartbeats of the backends have asked. */
export function readiness(maxAgeMs: number): Readiness {
  const ages = usedBackends().map(({ ageMs = 0 }) => ageMs);
  const age = ages.reduce((least, each) => Math.min(least, each), Number.POSITIVE_INFINITY);
  const ageMs = Number.isFinite(age) ? Math.round(age) : null;
  const { name, code } = host().progress;
  const unready = (reason: UnreadyReason): Readiness => ({ status: "unready", reason, ageMs });
  if (isEnding() || name === "stopping") return unready("STOPPING");
  if (name === "failed") return { ...unready("START_FAILED"), ...(code === undefined ? {} : { code }) };
  if (ageMs !== null) return ageMs > maxAgeMs ? unready("STALE") : { status: "ready", ageMs };
  // Nothing was read yet, and a backend is connected by its first read.
  return ages.length === 0 && name === "running" ? { status: "ready", ageMs } : unready("STARTING");
}

/** The global backend; where there is none, all that were asked for something: one of them is enough. */
function usedBackends(): readonly Backend[] {
  const backend = globalBackend.peek();
  if (backend) return [backend];
  return [...knownBackends().values()].filter(({ status }) => status === "connecting" || status === "connected");
}
