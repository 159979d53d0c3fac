import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { EngineFiles } from "../packages/kawa/src/rivetkit/journal/engine-files.ts";

// Loaded before a worker: keeps a copy of the engine's store as the disk has it after each flush.

const dataDir = process.env["KAWA_DATA_DIR"]!;
const copy = process.env["BENCH_FLUSHED_STORE"]!;

const { flush } = EngineFiles.prototype;
let last: Promise<void> = Promise.resolve();

// One at a time: while the files are copied for one, no other may let the engine go on.
EngineFiles.prototype.flush = function () {
  last = last.catch(() => {}).then(() => flushAndCopy(this));
  return last;
};

async function flushAndCopy(files: EngineFiles): Promise<void> {
  const { pid } = JSON.parse(readFileSync(join(dataDir, "engine.json"), "utf8")) as { pid: number };
  // What it stores meanwhile would be in the copy.
  process.kill(pid, "SIGSTOP");
  try {
    await flush.call(files);
    rmSync(copy, { recursive: true, force: true });
    cpSync(join(dataDir, "data"), copy, { recursive: true });
  } finally {
    process.kill(pid, "SIGCONT");
  }
}
