import { setTimeout as sleep } from "node:timers/promises";
import { goneFailure, probeDisk } from "./disk-check.ts";
import type { EngineFolder } from "./folder.ts";

const checkIntervalMs = 2_000;
/** Between two checks while something is wrong. */
const recheckIntervalMs = 500;
/** An engine that is held up for some seconds goes on by itself. */
const maxFailures = 3;
/**
 * Failures until the engine counts as broken on a machine that holds up this process too: only many of them show that the engine is worse
 * off.
 */
const heldUpFailures = 12;
const tickMs = 100;
/** This process counts as held up when it had no turn for so long while it waited for the answer. */
const heldUpMs = 500;

export type WatchedStore = {
  /** Rejects when the engine does not answer or does not store. */
  readonly check: () => Promise<void>;
  readonly folder: EngineFolder;
  /** Ends the watch. */
  readonly signal: AbortSignal;
};

/**
 * Resolves when a running engine stores nothing any more although its disk would take it: it hangs, or its store stays in an error
 * after the disk was full or read-only, for ever and while it says that it is healthy. Resolves with undefined when the watch ends.
 */
export async function whenStoreFails({ check, folder, signal }: WatchedStore): Promise<string | undefined> {
  let failures = 0;
  while (await pause(failures === 0 ? checkIntervalMs : recheckIntervalMs, signal)) {
    // The folder is gone, but the engine still has its files open and answers as before.
    if (folder.isGone) await whenDiskTakesWrites(folder, signal);
    const turns = watchTurns();
    const failure = await failureOf(check);
    const wasHeldUp = turns.longestWithoutMs() > heldUpMs;
    failures = failure === undefined ? 0 : failures + (wasHeldUp ? maxFailures / heldUpFailures : 1);
    if (failure === undefined || failures < maxFailures) continue;
    const hasWaited = await whenDiskTakesWrites(folder, signal);
    if (signal.aborted) break;
    // Once it has room, the engine may go on by itself.
    const isStillBroken = !hasWaited || (await failureOf(check)) !== undefined;
    if (signal.aborted) break;
    if (isStillBroken) return failure;
    failures = 0;
  }
  return undefined;
}

/** Measures how long this process was kept from running. Ends when it is asked for the result. */
function watchTurns(): { longestWithoutMs(): number } {
  let lastAt = performance.now();
  let longest = 0;
  const tick = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - lastAt);
    lastAt = now;
  };
  const timer = setInterval(tick, tickMs).unref();
  return {
    longestWithoutMs() {
      clearInterval(timer);
      tick();
      return longest;
    },
  };
}

/** Says once why it waits, and when the wait is over. Resolves with whether there was one. */
export async function whenDiskTakesWrites(folder: EngineFolder, signal: AbortSignal): Promise<boolean> {
  let hasWaited = false;
  for (;;) {
    const gone = goneFailure(folder)?.message;
    const code = gone ?? (await probeDisk(folder.dataPath));
    if (code === undefined) break;
    if (!hasWaited) {
      console.error(
        `[kawa] ${gone ?? `The disk of ${folder.path} takes no writes (${code}), so writes are refused. Free space or repair it: Kawa goes on by itself.`}`,
      );
    }
    hasWaited = true;
    if (!(await pause(recheckIntervalMs, signal))) return hasWaited;
  }
  if (hasWaited) console.warn(`[kawa] The disk of ${folder.path} takes writes again.`);
  return hasWaited;
}

async function failureOf(check: () => Promise<void>): Promise<string | undefined> {
  try {
    await check();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** False when the watch has ended. */
async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => {});
  return !signal.aborted;
}
