import { setTimeout as sleep } from "node:timers/promises";
import { connectedHosts, type HostList } from "../engine/pool-api.ts";
import type { EngineTarget } from "../settings/engine-target.ts";

/** A runner ends its actors when it has been without an engine for a little longer (`engineTuning`), and tries to reach it ever more rarely. */
const runnerPatienceMs = 23_000;

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
  while (!signal.aborted) {
    const list = await connectedHosts(target).catch(() => undefined);
    if (signal.aborted) return;
    const now = performance.now();
    if (!list) awaySince ??= now;
    else {
      if (awaySince !== undefined && now - awaySince > runnerPatienceMs) onReturn();
      else onHosts(list);
      awaySince = undefined;
    }
    await sleep(checkMs, undefined, { ref: false, signal }).catch(() => {});
  }
}
