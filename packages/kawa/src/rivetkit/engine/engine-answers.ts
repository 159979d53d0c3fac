import { clip, isKawaError } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";
import type { EngineTarget } from "../settings/engine-target.ts";

/** A restart of the engine takes less. */
const patienceMs = 10_000;
/** What goes on failing is told again after this long. */
const gapMs = 3_600_000;

type Failing = {
  readonly since: number;
  /** When it failed last. */
  readonly at: number;
  readonly toldAt: number | undefined;
};

const failing = processState("engine-failing", () => new Map<string, Failing>());

/** The engine has done what it was asked for. */
export function noteAnswer(target: EngineTarget, what: string): void {
  const id = idOf(target, what);
  const before = failing.get(id);
  if (!before) return;
  failing.delete(id);
  if (before.toldAt !== undefined) console.warn(`[kawa] The engine at ${target.endpoint} can ${what} again.`);
}

/**
 * The engine has not done what it was asked for. Says so where that lasts, or where the engine has answered that it does not: once, for whoever
 * asks does so every second.
 *
 * @param what it was asked to do, such as `list its servers`
 */
export function noteFailure(target: EngineTarget, what: string, error: unknown): void {
  const id = idOf(target, what);
  const now = performance.now();
  const before = failing.get(id);
  // What failed long ago was not asked for since then: that says nothing of how long this lasts.
  const since = before && now - before.at < patienceMs ? before.since : now;
  const toldAt = before?.toldAt;
  const status = isKawaError(error) ? Number(error.data["status"] ?? 0) : 0;
  const isRefusal = status > 0 && status < 500;
  const isDue = (isRefusal || now - since >= patienceMs) && (toldAt === undefined || now - toldAt >= gapMs);
  failing.set(id, { since, at: now, toldAt: isDue ? now : toldAt });
  if (isDue) console.warn(`[kawa] ${isRefusal ? refused(target, what, error) : silent(target, what, error)}`);
}

function refused({ endpoint }: EngineTarget, what: string, error: unknown): string {
  return (
    `The engine at ${endpoint} does not ${what}: ${reasonOf(error)} Values are read and written all the same, but until it does, actors of a ` +
    `server that is gone may be away for a minute, and servers of a newer build do not take actors over. Set RIVET_TOKEN to a token that may ` +
    `do so, such as RIVET__AUTH__ADMIN_TOKEN of that engine.`
  );
}

function silent({ endpoint }: EngineTarget, what: string, error: unknown): string {
  return (
    `The engine at ${endpoint} was asked to ${what}, and did not for ${patienceMs / 1_000} s: ${reasonOf(error)} Actors go on where they are for ` +
    `some seconds, and none can start. See that the engine and its database run, and that this server reaches them.`
  );
}

function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error & { readonly cause?: { readonly code?: unknown } };
  const reason = name === "TimeoutError" ? "nothing comes back" : clip(cause?.code ?? message);
  return /[.!]$/.test(reason) ? reason : `${reason}.`;
}

function idOf({ endpoint, namespace, pool }: EngineTarget, what: string): string {
  return JSON.stringify([endpoint, namespace, pool, what]);
}
