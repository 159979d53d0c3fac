import { configureDefaultLogger } from "rivetkit/log";
import { env } from "../settings/env.ts";

/** RivetKit reports two failed queries at each regular end of an actor; everything else it reports stays. */
const quietLog = "error,rivetkit_core::actor::sqlite=off,rivetkit_core::actor::schedule=off";

/** Has RivetKit report what goes wrong. Threads and child processes inherit what another one has set here. */
export function quietRivetKit(): void {
  if (env.rivetLogLevel && env.rivetLogLevel !== quietLog) return;
  configureDefaultLogger("warn");
  env.rivetLogLevel = quietLog;
}
