import { accessSync, constants } from "node:fs";
import { getEnginePath, getPlatformPackageName } from "@rivetkit/engine-cli";
import { KawaError } from "../../core/errors/errors.ts";
import { env } from "../settings/env.ts";

/**
 * Path of the engine that npm installed for this platform (`RIVET_ENGINE_BINARY` overrides it).
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
    const path = getEnginePath();
    accessSync(path, constants.X_OK);
    return path;
  } catch (cause) {
    throw new KawaError(
      "ENGINE_BINARY_MISSING",
      `The Rivet Engine binary was not found or cannot be executed. Run "npm install --include=optional ${platformPackage ?? "@rivetkit/engine-cli"}", ` +
        `or set RIVET_ENDPOINT to an engine that runs elsewhere.`,
      { cause },
    );
  }
}
