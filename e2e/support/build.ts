import { spawnSync } from "node:child_process";
import { appDir, nextCommand } from "./server.ts";

/** `next build`, with its output on this terminal. */
export function buildApp(): void {
  const { status } = spawnSync(process.execPath, [nextCommand, "build"], {
    cwd: appDir,
    stdio: "inherit",
    env: { ...process.env, NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
  });
  if (status !== 0) throw new Error("`next build` failed; its output is above.");
}
