import { processState } from "../core/process/process-state.ts";
import { requestChecks } from "../react/checks/request-checks.ts";
import { printStartFailure, startHost } from "../rivetkit/host/start-host.ts";
import { stopWithProcess } from "../rivetkit/host/stop-with-process.ts";
import { checkHost } from "./network/check-host.ts";
import { endConnections, watchConnections } from "./network/connections.ts";
import { closePushes } from "./fragments/push/open-pushes.ts";
import { closeStreams } from "./stream/open-streams.ts";
import { configureNetwork, type NetworkOptions } from "./network/network.ts";
import { countRefresh } from "./limits/refresh-pace.ts";

const lateStreamMs = 100;

/** How visitors reach this server. */
export type StartKawaOptions = NetworkOptions;

/**
 * Starts the engine and the actors of this server, and ends them with it. Call it from `register()` in
 * `instrumentation.ts`, after `initReactiveBackend`. It does not wait: the first read does.
 *
 * @throws {KawaError} OPTION_INVALID - `trustedProxies` is no number of proxies, or one of `allowedHosts` is no host
 * @example
 * startKawa({ allowedHosts: ["app.example"], trustedProxies: 1 });
 */
export function startKawa(options: StartKawaOptions = {}): void {
  configureNetwork(options);
  processState("started", () => {
    watchConnections();
    // A matcher may lead requests past the middleware, as by a header that anybody can send.
    requestChecks.set("host", checkHost);
    requestChecks.set("pace", countRefresh);
    stopWithProcess(endStreams);
    // A page that reads a signal shows the same error.
    startHost().catch(printStartFailure);
    return true;
  });
}

/** Next waits for streams before it exits. */
function endStreams(): void {
  endConnections();
  const close = (): void => {
    closeStreams();
    closePushes();
  };
  close();
  // Streams that were being opened at this moment.
  setTimeout(close, lateStreamMs).unref();
}
