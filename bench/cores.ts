import { spawnSync } from "node:child_process";
import { cpus, loadavg } from "node:os";

/** The server has one core, and who disturbs it has another. Without `taskset` processes run where they like. */
export const cores = { server: 0, clients: 1 } as const;

export const canPin: boolean = cpus().length > 1 && spawnSync("taskset", ["-V"]).status === 0;

/** What starts a program on one core; nothing where that is not possible. */
export function onCore(core: number): readonly string[] {
  return canPin ? ["taskset", "-c", String(core)] : [];
}

/** Moves this process to a core. */
export function moveToCore(core: number): void {
  if (canPin) spawnSync("taskset", ["-acp", String(core), String(process.pid)]);
}

/** Says so where figures are of more than one core, or of other programs too. */
export function warnOfMachine(): void {
  if (!canPin) console.error("There is no taskset, or one core only: the server is not pinned to a core of its own.");
  const [load = 0] = loadavg();
  if (load > cpus().length / 2)
    console.error(`The machine does other work (load ${load.toFixed(1)}): quiet is slow, which hides what attacks do.`);
}
