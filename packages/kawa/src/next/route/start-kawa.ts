import { notice } from "../../core/process/notice.ts";
import { processState } from "../../core/process/process-state.ts";
import { isNextBuild } from "../../core/work/next-work.ts";
import { requestChecks } from "../../react/checks/request-checks.ts";
import { printStartFailure, startHost } from "../../rivetkit/host/start-host.ts";
import { stopWithProcess } from "../../rivetkit/host/stop-with-process.ts";
import { checkHost } from "../network/check-host.ts";
import { endConnections, watchConnections } from "../network/connections.ts";
import { watchAnswers } from "../stream/watch-answers.ts";
import { closePushes } from "../fragments/push/open-pushes.ts";
import { closeStreams } from "../stream/open-streams.ts";
import { configureNetwork, type NetworkOptions } from "../network/network.ts";
import { countRefresh } from "../limits/refresh-pace.ts";

const lateStreamMs = 100;

const start = processState("start", () => ({ isDone: false }));

/** How visitors reach this server. */
export type StartKawaOptions = NetworkOptions;

/**
 * Starts the engine and the actors of this server, and ends them with it. Call it from `register()` in `instrumentation.ts`, after
 * `initReactiveBackend`, where you have options or an `instrumentation.ts` of your own: else the first route or page that the server
 * loads starts the same. It does not wait: the first read does.
 *
 * @throws {KawaError} OPTION_INVALID - `trustedProxies` is no number of proxies, or one of `allowedHosts` is no host
 * @example
 * startKawa({ allowedHosts: ["app.example"], trustedProxies: 1 });
 */
export function startKawa(options: StartKawaOptions = {}): void {
  configureNetwork(options);
  if (start.isDone) return;
  start.isDone = true;
  checkConfig();
  watchConnections();
  watchAnswers();
  // A matcher may lead requests past the middleware, as by a header that anybody can send.
  requestChecks.set("host", checkHost);
  requestChecks.set("pace", countRefresh);
  stopWithProcess(endStreams);
  // A page that reads a signal shows the same error.
  startHost().catch(printStartFailure);
}

/** Starts with the defaults where no `instrumentation.ts` has: with the first route or page that a server loads. */
export function ensureStarted(): void {
  if (process.env.NEXT_RUNTIME === "nodejs" && !start.isDone && !isNextBuild()) startKawa();
}

/** `withKawa` says which module has the backend. */
function checkConfig(): void {
  if (process.env.NEXT_RUNTIME !== "nodejs" || process.env.KAWA_BACKEND !== undefined) return;
  notice(
    "CONFIG_MISSING",
    `next.config has no withKawa(): the engine may be missing in what "next build" makes, the backend has to be imported by hand, and ` +
      `refreshes may get in the way of navigations. Write: import { withKawa } from "kawa/next/config"; export default withKawa(nextConfig);`,
  );
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
