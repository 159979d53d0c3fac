import { setTimeout as sleep } from "node:timers/promises";
import { checkHealth, checkStore, type EngineAccess, isHealthy } from "./engine-api.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { mayTakeOver } from "./engine-owner.ts";
import type { EngineFolder } from "./folder.ts";
import { hasGivenUpWork } from "./given-up-work.ts";
import { threadEnded, threadRestartMs } from "./join-engine.ts";
import { signalProcess } from "./processes.ts";
import { storesInFiles } from "./settings.ts";
import type { EngineProcess } from "./spawn-engine.ts";
import { whenStoreFails } from "./store-watch.ts";

const watchIntervalMs = 500;

export type WatchedEngine = {
  readonly folder: EngineFolder;
  readonly access: EngineAccess;
  readonly namespace: string;
  /** Undefined where another process or thread runs it. */
  readonly own: EngineProcess | undefined;
  /** Ends the watch. */
  readonly signal: AbortSignal;
};

/** Resolves when the engine is gone, with whether it stored nothing any more before, and when the watch ends. */
export async function whenEngineGone({ folder, access, namespace, own, signal }: WatchedEngine): Promise<boolean> {
  const gone = new AbortController();
  let isBroken = false;
  // A database that is away does not come back with another engine. But one engine goes on where another has given up.
  const isInFiles = storesInFiles(folder.dataPath);
  const check = isInFiles ? () => checkStore(access, namespace) : () => checkWork(folder, access.port);
  void whenStoreFails({ check, folder, signal: AbortSignal.any([gone.signal, signal]) }).then((failure) => {
    if (failure === undefined) return;
    isBroken = true;
    // Another process looks after its own engine.
    if (!own) return;
    console.error(`[kawa] The embedded engine no longer stores writes, so it restarts: ${failure}`);
    signalProcess(own.pid, "SIGKILL");
  });
  await (own?.exited ?? whenSharedGone(folder, access.port, signal));
  gone.abort();
  return isBroken;
}

/** Rejects when the engine does not answer, or has given up a part of its work because the database was away. */
async function checkWork({ logPath }: EngineFolder, port: number): Promise<void> {
  await checkHealth(port);
  if (hasGivenUpWork(logPath))
    throw new KawaError("BACKEND_UNAVAILABLE", "Its database was away, and it has given up a part of its work.");
}

async function whenSharedGone(folder: EngineFolder, port: number, signal: AbortSignal): Promise<void> {
  let goneSince = Infinity;
  let isTold = false;
  while (!signal.aborted) {
    goneSince = (await isHealthy(port)) ? Infinity : Math.min(goneSince, performance.now());
    const goneForMs = performance.now() - goneSince;
    if (mayTakeOver(folder.readRecord(), goneForMs)) return;
    if (goneForMs > threadRestartMs && !isTold) {
      isTold = true;
      console.error(`[kawa] ${threadEnded().message}`);
    }
    await sleep(watchIntervalMs, undefined, { ref: false });
  }
}
