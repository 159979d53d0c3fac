import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { realDisk } from "../../../src/rivetkit/journal/disk.ts";
import { EngineFiles } from "../../../src/rivetkit/journal/engine-files.ts";
import { signalProcess } from "./processes.ts";

// Loaded before an app: keeps a copy of what the disk has for certain, as it is after each flush.

const dataDir = process.env["KAWA_DATA_DIR"]!;
const flushedDir = process.env["FLUSHED_DIR"]!;

function copyOf(path: string): string {
  return join(flushedDir, relative(dataDir, path));
}

function keep(path: string): void {
  cpSync(path, copyOf(path), { force: true, recursive: true });
}

const { flush } = EngineFiles.prototype;
EngineFiles.prototype.flush = async function () {
  const { pid } = JSON.parse(readFileSync(join(dataDir, "engine.json"), "utf8")) as { pid: number };
  // What it stores meanwhile would be in the copy.
  signalProcess(pid, "SIGSTOP");
  await flush.call(this);
  for (const name of ["secret", "admin-token", "engine.json"]) keep(join(dataDir, name));
  const data = join(dataDir, "data");
  rmSync(copyOf(data), { recursive: true, force: true });
  keep(data);
  signalProcess(pid, "SIGCONT");
};

const { create, flushFolder } = realDisk;
realDisk.create = async (path, isFlushed) => {
  const file = await create(path, isFlushed);
  return {
    ...file,
    write: async (bytes, position) => {
      await file.write(bytes, position);
      if (existsSync(copyOf(path))) keep(path);
    },
  };
};
realDisk.flushFolder = async (path) => {
  await flushFolder(path);
  if (dirname(path) !== join(dataDir, "journal")) return;
  rmSync(copyOf(path), { recursive: true, force: true });
  for (const name of readdirSync(path)) keep(join(path, name));
};
