import { statSync } from "node:fs";
import { dirname } from "node:path";
import { env } from "../settings/env.ts";

/** Says that the values lie in what was deployed, unless their folder is a volume. Call it once the folder is there. */
export function warnOfDeployedFolder(): void {
  const path = env.deployedDataDir;
  if (path === undefined || statSync(path).dev !== statSync(dirname(path)).dev) return;
  console.warn(
    `[kawa] Values are stored in ${path}, a part of what was deployed: the next deployment begins without them. ` +
      `Set KAWA_DATA_DIR to a folder that stays, such as a volume.`,
  );
}
