import { setTimeout as sleep } from "node:timers/promises";

/** Bytes of this process that are in use after garbage collection, which needs `--expose-gc`. */
export async function bytesInUse(): Promise<number> {
  globalThis.gc!();
  // What a finalizer frees is collected the next time.
  await sleep(100);
  globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
