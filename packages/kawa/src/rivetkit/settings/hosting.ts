import { KawaError, show } from "../../core/errors/errors.ts";
import { env } from "./env.ts";

/**
 * Where the actors of an app live. `"runner"`: in this process. `"serverless"`: in requests of the engine to the mounted route. `"none"`: in
 * other processes; this one reads and writes.
 */
export type Hosting = "runner" | "serverless" | "none";

const all: readonly Hosting[] = ["runner", "serverless", "none"];

/**
 * What the app says, else what `KAWA_HOSTING` says. Without either, a platform of functions is `"serverless"`, and everything else
 * `"runner"`.
 *
 * @throws {KawaError} OPTION_INVALID - it is none of the three
 */
export function hostingOf(option: Hosting | undefined): Hosting {
  const given = option ?? env.hosting;
  if (given === undefined) return env.isServerlessPlatform ? "serverless" : "runner";
  const known = all.find((one) => one === given);
  if (known) return known;
  throw new KawaError(
    "OPTION_INVALID",
    `hosting (KAWA_HOSTING) is ${show(given)}; it is "runner", "serverless" or "none".`,
  );
}
