import { spawnSync } from "node:child_process";
import { nextCommand } from "./server.ts";

const environment = { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" } as const;

/** `next build`, with its output on this terminal. */
export function buildApp(dir: string): void {
  const { status } = spawnSync(process.execPath, [nextCommand, "build"], {
    cwd: dir,
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  if (status !== 0) throw new Error("`next build` failed; its output is above.");
}

export type BuildResult = { readonly hasSucceeded: boolean; readonly log: string };

/** `next build` of a fixture app, which may be meant to fail. */
export function buildFixture(dir: string, env: Readonly<Record<string, string>> = {}): BuildResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [nextCommand, "build"], {
    cwd: dir,
    encoding: "utf8",
    env: { ...process.env, ...environment, FORCE_COLOR: undefined, NO_COLOR: "1", ...env },
  });
  return { hasSucceeded: status === 0, log: stdout + stderr };
}
