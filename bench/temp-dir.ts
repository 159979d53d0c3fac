import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs `work` with a new folder that is deleted afterwards, also when the process is ended meanwhile. */
export async function withTempDir<T>(work: (path: string) => Promise<T>): Promise<T> {
  const path = await mkdtemp(join(tmpdir(), "kawa-bench-"));
  const removeNow = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 5 });
  process.on("exit", removeNow);
  try {
    return await work(path);
  } finally {
    await rm(path, { recursive: true, force: true, maxRetries: 5 });
    process.off("exit", removeNow);
  }
}
