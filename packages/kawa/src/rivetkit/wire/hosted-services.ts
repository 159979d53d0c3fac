import { processState } from "../../core/process/process-state.ts";
import type { KawaError } from "../../core/errors/errors.ts";
import type { ReplicaService } from "./protocol.ts";

type HostedService = ReplicaService & {
  readonly context?: { readonly name: string; readonly key: readonly string[] };
  readonly store?: { readonly gate: { readonly isHeldUp: boolean } };
};

/**
 * Actors that live in this process, by the name of their incarnation. A replica in the same process uses them directly, which
 * saves two trips through the engine; its socket still proves that this incarnation is the current one.
 */
export const hostedServices = processState("hosted-services", () => new Map<string, HostedService>());

/** Why actors of this process do not start, by name and key. The engine does not tell those who wait for them. */
export const startFailures = processState("start-failures", () => new Map<string, KawaError>());

export function startFailureKey(name: string, key: readonly string[]): string {
  return JSON.stringify([name, ...key]);
}
