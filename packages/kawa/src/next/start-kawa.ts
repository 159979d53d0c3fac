import { processState } from "../core/process-state.ts";
import { printStartFailure, startHost } from "../rivetkit/start-host.ts";
import { stopWithProcess } from "../rivetkit/stop-with-process.ts";
import { closeStreams } from "./live-streams.ts";

const lateStreamMs = 100;

/**
 * Starts the engine and the actors of this server, and ends them with it. Call it from `register()` in
 * `instrumentation.ts`, after `initReactiveBackend`. It does not wait: the first read does.
 */
export function startKawa(): void {
  processState("started", () => {
    stopWithProcess(endStreams);
    // A page that reads a signal shows the same error.
    startHost().catch(printStartFailure);
    return true;
  });
}

/** Next waits for streams before it exits. */
function endStreams(): void {
  closeStreams();
  // One that was being opened at this moment.
  setTimeout(closeStreams, lateStreamMs).unref();
}
