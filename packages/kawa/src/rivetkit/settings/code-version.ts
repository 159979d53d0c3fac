import { KawaError, show } from "../../core/errors/errors.ts";
import { env } from "./env.ts";

/** The engine keeps versions as whole numbers of 32 bits. */
const maxVersion = 2 ** 32 - 1;

/**
 * Version of the code that this server runs. The engine starts actors only where it is the highest, so that a newer build takes them over.
 * It is what `setup()` says, else `RIVET_ENVOY_VERSION`, else when `next build` has made this build; 1 where none of them is known.
 *
 * @throws {KawaError} OPTION_INVALID - it is no whole number from 1 on
 */
export function codeVersion(named: number | undefined): number {
  const given = named ?? env.version ?? env.builtVersion ?? 1;
  const version = Number(given);
  if (Number.isInteger(version) && version >= 1 && version <= maxVersion) return version;
  throw new KawaError(
    "OPTION_INVALID",
    `RIVET_ENVOY_VERSION, or envoy.version in setup(), is ${show(given)}; it is a whole number from 1 to ${maxVersion}.`,
  );
}
