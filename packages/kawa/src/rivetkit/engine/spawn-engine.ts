import { type ChildProcess, execFile, spawn } from "node:child_process";
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { promisify } from "node:util";
import { engineBinary } from "./binary.ts";
import type { EngineFolder } from "./folder.ts";
import { engineEnvironment } from "./settings.ts";

const maxLogBytes = 5 * 1024 * 1024;

/** A started engine. */
export type EngineProcess = { readonly pid: number; readonly exited: Promise<void> };

// The shell ends the engine when this process ends in any way, SIGKILL included: fd 3 then reports its end. Only builtins
// wait, so that nothing is left when the engine is gone. SIGKILL, because a graceful stop after the runner's sudden end
// leaves its actors waiting for longer than a crash does; the store survives both.
const guard = `"$@" >&2 3<&- & engine=$!; echo $engine; exec >&-
( read -r _ <&3; kill -KILL $engine 2>/dev/null ) & watcher=$!
wait $engine; status=$?; kill $watcher 2>/dev/null; exit $status`;

/** Starts the engine in a session of its own, so that Ctrl-C reaches the app first and the engine last. */
export async function spawnEngine(folder: EngineFolder, port: number): Promise<EngineProcess> {
  const binary = engineBinary();
  const environment = engineEnvironment(port, folder.dataPath);
  if ((statSync(folder.logPath, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) rmSync(folder.logPath);
  const log = openSync(folder.logPath, "a");
  try {
    const child: ChildProcess =
      process.platform === "win32"
        ? spawn(binary, ["start"], { env: environment, stdio: ["ignore", log, log], windowsHide: true })
        : spawn("/bin/sh", ["-c", guard, "kawa-engine", binary, "start"], {
            env: environment,
            stdio: ["ignore", "pipe", log, "pipe"],
            detached: true,
          });
    const exited = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    const pid = process.platform === "win32" ? (child.pid ?? 0) : await firstNumber(child.stdout, exited);
    child.unref();
    for (const stream of child.stdio) (stream as { unref?: () => void } | null)?.unref?.();
    return { pid, exited };
  } finally {
    closeSync(log);
  }
}

function firstNumber(stdout: NodeJS.ReadableStream | null, exited: Promise<void>): Promise<number> {
  return new Promise((resolve) => {
    stdout?.once("data", (data) => resolve(Number(String(data).trim())));
    void exited.then(() => resolve(0));
  });
}

/**
 * Tells the store that all earlier engines are gone. An engine shares the workflows of its actors with every engine that
 * it saw in the last 20 s, and honours the leases of a killed one for 30 s, although nobody else can open this store;
 * without this a restarted app sometimes waits that long for its first value.
 */
export async function forgetEarlierEngines(folder: EngineFolder, port: number): Promise<void> {
  const options = { env: engineEnvironment(port, folder.dataPath), timeout: 5_000 };
  try {
    await promisify(execFile)(engineBinary(), ["udb", "-q", "clear -r -y /rivet/gasoline/kv/worker"], options);
  } catch {
    // Slower, but not wrong: the engine finds out by itself.
  }
}
