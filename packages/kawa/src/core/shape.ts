import { KawaError, show } from "./errors/errors.ts";
import type { SignalOptions } from "./exposure.ts";
import type { StandardSchema } from "./standard-schema.ts";
import { firstVersion, maxVersion } from "./value/value-version.ts";

/** What the values of a definition look like. */
export type Shape = {
  readonly version: number;
  readonly migrate: SignalOptions<unknown>["migrate"];
  readonly schema: StandardSchema | undefined;
};

const known = new WeakMap<SignalOptions<unknown>, Shape | undefined>();

/**
 * The shape that options tell of; undefined where a value of the first version may be anything. All signals of a family have the same one.
 *
 * @throws {KawaError} OPTION_INVALID - `version` is no version, or stands without `migrate`
 */
export function shapeOf(options: SignalOptions<unknown>): Shape | undefined {
  if (known.has(options)) return known.get(options);
  const { version = firstVersion, migrate, schema } = options;
  if (!Number.isInteger(version) || version < firstVersion || version > maxVersion)
    throw invalid(`version is ${show(version)}, not a whole number from ${firstVersion} to ${maxVersion}`);
  if (version > firstVersion && typeof migrate !== "function")
    throw invalid(
      `version ${version} needs migrate(value, fromVersion), for the values that earlier versions have stored`,
    );
  if (version === firstVersion && migrate)
    throw invalid("migrate needs a version of 2 or more: values of version 1 are what it is given");
  const shape = version > firstVersion || schema ? { version, migrate, schema } : undefined;
  known.set(options, shape);
  return shape;
}

function invalid(reason: string): KawaError {
  return new KawaError("OPTION_INVALID", `Values cannot be defined so: ${reason}.`);
}
