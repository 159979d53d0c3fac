import { processState } from "../core/process-state.ts";
import { isKawaError } from "../core/errors.ts";
import { host } from "../rivetkit/host.ts";
import { closeStreams } from "./reactive-route.ts";

const exitWaitMs = 100;

/**
 * Starts the engine and the actors of this server, and ends them with it. Call it from `register()` in
 * `instrumentation.ts`, after `initReactiveBackend`. It does not wait: the first read does.
 */
export function startKawa(): void {
  processState("started", () => {
    host()
      .start()
      .catch((error) => {
        // A page that reads a signal shows the same error.
        console.error(isKawaError(error) ? `[kawa] ${error.message}` : error);
      });
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, stop);
    return true;
  });
}

/** Next waits for open responses before it exits, and this takes less time than Next's own end. */
function stop(): void {
  closeStreams();
  host()
    .stop()
    .catch((error) => console.error("[kawa] The embedded engine could not be stopped:", error));
  // A stream that was being opened at this moment.
  setTimeout(closeStreams, exitWaitMs).unref();
}
