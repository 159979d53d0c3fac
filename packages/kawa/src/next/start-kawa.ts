import { knownBackends } from "../core/backend.ts";
import { processState } from "../core/process-state.ts";
import { isKawaError } from "../core/errors.ts";
import { host } from "../rivetkit/host.ts";
import { closeStreams } from "./reactive-route.ts";

const lateStreamMs = 100;
/** An engine that does not end by itself is killed with this process. */
const maxHoldMs = 2_500;

/**
 * Starts the engine and the actors of this server, and ends them with it. Call it from `register()` in
 * `instrumentation.ts`, after `initReactiveBackend`. It does not wait: the first read does.
 */
export function startKawa(): void {
  processState("started", () => {
    connect().catch((error) => {
      // A page that reads a signal shows the same error.
      console.error(isKawaError(error) ? `[kawa] ${error.message}` : error);
    });
    process.once("SIGTERM", () => stop(143));
    process.once("SIGINT", () => stop(130));
    return true;
  });
}

async function connect(): Promise<void> {
  await host().start();
  await Promise.all([...knownBackends.peek().values()].map((backend) => backend.load([])));
}

/** Ends streams first, for Next waits for them; then actors and engine, which take about 50 ms. */
function stop(exitCode: number): void {
  closeStreams();
  const stopped = host()
    .stop()
    .catch((error) => console.error("[kawa] The embedded engine could not be stopped:", error));
  holdExit(stopped, exitCode);
  // A stream that was being opened at this moment.
  setTimeout(closeStreams, lateStreamMs).unref();
}

/**
 * Lets Next exit only when `work` is done. An actor whose server vanishes is reachable again only seconds later: every
 * restart of `next dev` would be slow.
 */
function holdExit(work: Promise<void>, exitCode: number): void {
  const exit = process.exit.bind(process);
  setTimeout(() => exit(exitCode), maxHoldMs).unref();
  process.exit = ((code = exitCode) => void work.finally(() => exit(code))) as typeof process.exit;
}
