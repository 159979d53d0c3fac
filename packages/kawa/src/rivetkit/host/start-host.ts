import { fewBackends, knownBackends } from "../../core/backend/backend.ts";
import { clip, isKawaError, KawaError } from "../../core/errors/errors.ts";
import { unlessAwaited } from "../../core/process/reported-promise.ts";
import { env } from "../settings/env.ts";
import { host } from "./host.ts";
import { stopAndExit, stopWithProcess } from "./stop-with-process.ts";

const maxPort = 65_535;

/** Options of a registry's `start`. */
export type StartOptions = {
  /**
   * Port of the embedded engine. An engine that runs elsewhere has its own.
   *
   * @default a free one, the same at the next start if possible
   */
  defaultServerPort?: number | undefined;
};

/**
 * Starts the engine and the actors of this process, and ends them with it. A failure that nobody awaits is printed, and
 * ends a process that would end at an unhandled rejection: a server that cannot start should not look alive.
 */
export function startHost(options: StartOptions = {}): Promise<void> {
  return unlessAwaited(start(options), (error) => {
    printStartFailure(error);
    if (!isKawaError(error, "BACKEND_CLOSED") && process.listenerCount("unhandledRejection") === 0) void stopAndExit(1);
  });
}

export function printStartFailure(error: unknown): void {
  // The host was stopped while it started.
  if (isKawaError(error, "BACKEND_CLOSED")) return;
  if (!isKawaError(error)) return console.error("[kawa] The actors could not be started:", error);
  console.error(`[kawa] ${error.message}`);
  if (isKawaError(error.cause)) printStartFailure(error.cause);
}

async function start({ defaultServerPort: port }: StartOptions): Promise<void> {
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port <= maxPort)) {
    throw new KawaError(
      "OPTION_INVALID",
      `defaultServerPort is ${clip(port)}; it is a whole number from 1 to ${maxPort}.`,
    );
  }
  // `next build` evaluates the modules that call start().
  if (env.isBuild) return;
  stopWithProcess();
  if (port !== undefined) host().defaultPort = port;
  const { endpoint } = await host().start();
  if (port !== undefined && host().isEmbedded && Number(new URL(endpoint).port) !== port) {
    console.warn(
      `[kawa] The engine listens on ${endpoint} already, not on port ${port}. Start the registry before the first signal is read, ` +
        `and with the same port in every process of this folder.`,
    );
  }
  // The first read of any other one connects it.
  const first = [...knownBackends().values()].slice(0, fewBackends);
  await Promise.all(first.map((backend) => backend.load([])));
}
