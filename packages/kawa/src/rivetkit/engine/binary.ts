import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { getEnginePath, getPlatformPackageName } from "@rivetkit/engine-cli";
import { KawaError } from "../../core/errors/errors.ts";
import { env } from "../settings/env.ts";
import { installedPackage } from "../settings/installed-package.ts";
import { addCommand, packageManagerOf } from "../settings/package-manager.ts";

/** As in package.json. */
export const engineVersions = "~2.3.19";

/**
 * Path of the engine that was installed for this platform (`RIVET_ENGINE_BINARY` overrides it).
 *
 * @throws {KawaError} ENGINE_PLATFORM_UNSUPPORTED - RivetKit publishes no engine for this platform
 * @throws {KawaError} ENGINE_BINARY_MISSING - the package of this platform is not installed
 */
export function engineBinary(): string {
  const platformPackage = getPlatformPackageName();
  if (!platformPackage && !env.engineBinary) {
    throw new KawaError(
      "ENGINE_PLATFORM_UNSUPPORTED",
      `There is no embedded Rivet Engine for ${process.platform}/${process.arch}. ` +
        `Run an engine elsewhere and set RIVET_ENDPOINT, or set RIVET_ENGINE_BINARY to one that you built.`,
    );
  }
  try {
    const path = findEngine(platformPackage);
    accessSync(path, constants.X_OK);
    return path;
  } catch (cause) {
    throw new KawaError(
      "ENGINE_BINARY_MISSING",
      `The Rivet Engine binary was not found or cannot be executed. Run "${installCommand(platformPackage)}", ` +
        `or set RIVET_ENDPOINT to an engine that runs elsewhere.`,
      { cause },
    );
  }
}

/** RivetKit looks beside itself, where pnpm puts only what RivetKit names; what an app has installed itself is in the app. */
function findEngine(platformPackage: string | null): string {
  try {
    return getEnginePath();
  } catch (error) {
    const folder = platformPackage && !env.engineBinary && installedPackage(platformPackage, env.workingFolder);
    if (!folder) throw error;
    return join(/*turbopackIgnore: true*/ folder, process.platform === "win32" ? "rivet-engine.exe" : "rivet-engine");
  }
}

function installCommand(platformPackage: string | null): string {
  const manager = packageManagerOf(env.workingFolder);
  const name = platformPackage ?? "@rivetkit/engine-cli";
  // pnpm and later Yarn leave out an optional package that is made for another C library: the engine is, but it runs with each.
  return manager === "npm"
    ? `npm install --include=optional ${name}`
    : addCommand(manager, `${name}@${engineVersions}`);
}
