import { readFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { withTempDir } from "./temp-dir.ts";
import { WorkerProcess } from "./worker-process.ts";

const set = { actorId: "cut", keyCount: 100_000 };
const valueBytes = 100;
const load = { inFlight: 64, durationMs: 3_000, valueBytes };

/**
 * Milliseconds from the start of a server to its first value, when the power was cut in the middle of writing: the journal is as full as it
 * gets, and the engine's store is what it was at its last flush.
 */
export function timeStartAfterCut(): Promise<number> {
  return withTempDir(async (path) => {
    const dataDir = join(path, "data-folder");
    const copy = join(path, "flushed-store");
    const nodeArguments = ["--import", join(import.meta.dirname, "keep-flushed-store.ts")];
    const worker = await WorkerProcess.start({ dataDir, nodeArguments, env: { BENCH_FLUSHED_STORE: copy } });
    await worker.call("fill", set, valueBytes);
    await worker.call("writesPerSecond", set, "scattered", load);
    const { pid } = JSON.parse(readFileSync(join(dataDir, "engine.json"), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
    await worker.kill();
    await rm(join(dataDir, "data"), { recursive: true });
    await cp(copy, join(dataDir, "data"), { recursive: true });

    const next = await WorkerProcess.fork({ dataDir });
    try {
      const startedAt = performance.now();
      await next.call("start");
      await next.call("load", { ...set, keyCount: 1 });
      return performance.now() - startedAt;
    } finally {
      await next.stop();
    }
  });
}
