import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, rmSync, statSync } from "node:fs";
import { engineBinary } from "./binary.ts";
import type { EngineFolder } from "./folder.ts";
import { hiddenHost } from "./ports.ts";
import { engineEnvironment, leftOutService } from "./settings.ts";

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
export async function spawnEngine(
  folder: EngineFolder,
  given: { port: number; adminToken: string },
): Promise<EngineProcess> {
  const binary = engineBinary();
  const command = [binary, "start", "--except-services", leftOutService] as const;
  const environment = engineEnvironment({ ...given, dataPath: folder.dataPath, metricsHost: await hiddenHost() });
  if ((statSync(folder.logPath, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) rmSync(folder.logPath);
  const log = openSync(folder.logPath, "a", 0o600);
  try {
    const child: ChildProcess =
      process.platform === "win32"
        ? spawn(binary, command.slice(1), { env: environment, stdio: ["ignore", log, log], windowsHide: true })
        : spawn("/bin/sh", ["-c", guard, "kawa-engine", ...command], {
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
    // A process that has no descriptors left gets no streams.
    for (const stream of (child.stdio as ChildProcess["stdio"] | undefined) ?? [])
      (stream as { unref?: () => void } | null)?.unref?.();
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
