import { setTimeout as sleep } from "node:timers/promises";
import { connectedHosts, type HostList } from "../engine/pool-api.ts";
import type { EngineTarget } from "../settings/engine-target.ts";

/** A runner has tried to reach its engine 15 to 19 s after it has lost it, and tries again after 31 s at the earliest. */
const runnerPatienceMs = 18_000;
/**
 * Where nothing comes back it may have been connected all the time, as to a frozen engine, and goes on at once. It ends its actors when it has
 * been without an engine for a little longer than this (`engineTuning`).
 */
const silencePatienceMs = 23_000;

type EngineWatch = {
  /** The engine, or its database, was away for so long that a runner hardly tries to reach it any more. */
  readonly onReturn: () => void;
  /** The servers that are connected, each time they were asked for. */
  readonly onHosts: (list: HostList) => void;
  readonly signal: AbortSignal;
  /** @default 1_000 */
  readonly checkMs?: number;
};

/** Asks an engine elsewhere every second who is connected. Resolves when `signal` is aborted. */
export async function watchEngineElsewhere(
  target: EngineTarget,
  { onReturn, onHosts, signal, checkMs = 1_000 }: EngineWatch,
): Promise<void> {
  let awaySince: number | undefined;
  let isSilent = true;
  while (!signal.aborted) {
    const list = await connectedHosts(target).catch((error: unknown) => {
      isSilent &&= error instanceof Error && error.name === "TimeoutError";
    });
    if (signal.aborted) return;
    const now = performance.now();
    if (!list) awaySince ??= now;
    else {
      const patienceMs = isSilent ? silencePatienceMs : runnerPatienceMs;
      if (awaySince !== undefined && now - awaySince > patienceMs) onReturn();
      else onHosts(list);
      awaySince = undefined;
      isSilent = true;
    }
    await sleep(checkMs, undefined, { ref: false, signal }).catch(() => {});
  }
}
