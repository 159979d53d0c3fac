import { join } from "node:path";
import { spawnProcess, stopProcess, waitUntil } from "../e2e/support/process.ts";
import { row, type Result } from "./report.ts";
import { withTempDir } from "./temp-dir.ts";

const timeoutMs = 60_000;

/** What `writes-worker.ts` prints. */
export type WriteSamples = { readonly setMs: readonly number[]; readonly writesPerSecond: readonly number[] };

/** Durable writes, with the actor in the writer's own process. */
export async function measureWrites(): Promise<Result> {
  return withTempDir(async (dataDir) => {
    const worker = spawnProcess(process.execPath, [join(import.meta.dirname, "writes-worker.ts")], {
      env: { NODE_ENV: "production", KAWA_DATA_DIR: dataDir, RIVET_ENDPOINT: undefined },
    });
    try {
      const line = await waitUntil(
        () => {
          const found = /^\{.*\}$/m.exec(worker.log())?.[0];
          if (found === undefined && !worker.isRunning()) throw new Error(`The worker ended early:\n${worker.log()}`);
          return found;
        },
        { timeoutMs, what: "the worker of the write measure" },
      );
      const { setMs, writesPerSecond } = JSON.parse(line) as WriteSamples;
      return {
        rows: [row("awaited signal.set", "ms", setMs), row("64 writes in flight", "writes/s", writesPerSecond)],
        verdicts: [],
      };
    } finally {
      await stopProcess(worker);
    }
  });
}
