import { setTimeout as sleep } from "node:timers/promises";
import { connectedHosts } from "../engine/pool-api.ts";
import type { EngineTarget } from "../settings/engine-target.ts";

/** A runner ends its actors when it has been without an engine for a little longer (`engineTuning`), and tries to reach it ever more rarely. */
const runnerPatienceMs = 23_000;

type EngineWatch = {
  readonly onReturn: () => void;
  readonly signal: AbortSignal;
  /** @default 1_000 */
  readonly checkMs?: number;
};

/**
 * Calls `onReturn` when an engine elsewhere, or its database, was away for so long that a runner hardly tries to reach it any more. Resolves
 * when `signal` is aborted.
 */
export async function watchEngineElsewhere(
  target: EngineTarget,
  { onReturn, signal, checkMs = 1_000 }: EngineWatch,
): Promise<void> {
  let awaySince: number | undefined;
  while (!signal.aborted) {
    const isThere = await connectedHosts(target).then(
      () => true,
      () => false,
    );
    const now = performance.now();
    if (!isThere) awaySince ??= now;
    else {
      if (awaySince !== undefined && now - awaySince > runnerPatienceMs && !signal.aborted) onReturn();
      awaySince = undefined;
    }
    await sleep(checkMs, undefined, { ref: false, signal }).catch(() => {});
  }
}
