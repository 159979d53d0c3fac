import { fstatSync } from "node:fs";
import { keepAlive } from "../../core/process/keep-alive.ts";
import { leftUntil } from "../../core/process/left-until.ts";
import { processState } from "../../core/process/process-state.ts";
import { withTimeout } from "../../core/process/with-timeout.ts";
import { host } from "./host.ts";
import { noteRequests, whenAnswered } from "./requests-under-way.ts";

const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof exitCodes;

/** With what requests take. An engine that does not end by itself is killed with this process. */
const maxStopMs = 2_500;
/** Longest wait for requests that have begun before the signal, in milliseconds. */
const maxAnswerMs = 1_000;
/** Longest wait for requests that other servers still answer. Docker kills after as long. */
const maxLingerMs = 10_000;
const idleCheckIntervalMs = 50;
/** Signals within it count as one, for a shell and npm both pass Ctrl-C on. A later one ends the process at once. */
const repeatedSignalMs = 500;

type ExitCode = Parameters<typeof process.exit>[0];

type Ending = {
  readonly before: Set<() => void>;
  signalledAt: number | undefined;
  /** Node's own `process.exit`, where another one takes its place. */
  exit: typeof process.exit | undefined;
};

const ending = processState<Ending>("ending", () => ({ before: new Set(), signalledAt: undefined, exit: undefined }));

/**
 * Stops backends, actors and engine at SIGTERM and SIGINT, in this order, and lets the process exit only then: an actor
 * whose server vanishes is reachable again only seconds later, so every restart would be slow. `before` runs first, and requests
 * that have begun are answered.
 */
export function stopWithProcess(before?: () => void): void {
  if (before) ending.before.add(before);
  noteRequests();
  processState("stops-with-process", () => {
    // Before all other listeners: one of them may call process.exit at once.
    for (const signal of Object.keys(exitCodes) as Signal[]) process.prependListener(signal, () => end(signal));
    return true;
  });
}

/** True from the signal that ends this process. */
export function isEnding(): boolean {
  return ending.signalledAt !== undefined;
}

/** Stops the host, waiting for at most {@link maxStopMs}, and exits. */
export async function stopAndExit(exitCode: number): Promise<void> {
  await stopInTime();
  exit(exitCode);
}

function exit(code: ExitCode): void {
  (ending.exit ?? process.exit)(code);
}

function end(signal: Signal): void {
  const exitCode = exitCodes[signal];
  if (ending.signalledAt !== undefined) {
    if (performance.now() - ending.signalledAt > repeatedSignalMs) exit(exitCode);
    return;
  }
  ending.signalledAt = performance.now();
  for (const run of ending.before) run();
  // RivetKit's native part keeps a process alive for ever (github.com/rivet-dev/actors/issues/5766).
  if (process.listenerCount(signal) === 1) void stopAndExit(exitCode);
  else lingerWithOthers(exitCode);
}

/** Other listeners of the signal decide when to exit: by `process.exit`, or by leaving nothing to do. */
function lingerWithOthers(exitCode: number): void {
  const stopped = stopInTime();
  ending.exit = process.exit.bind(process);
  process.exit = ((code = exitCode) => void stopped.then(() => exit(code))) as typeof process.exit;
  const latest = performance.now() + maxLingerMs;
  const exitWhenIdle = (): void => {
    if (isIdle() || performance.now() > latest) exit(process.exitCode ?? exitCode);
  };
  void stopped.then(() => setInterval(exitWhenIdle, idleCheckIntervalMs).unref());
}

/** True when only RivetKit keeps the process alive: Node does not list its handles. */
function isIdle(): boolean {
  const kinds = process.getActiveResourcesInfo().filter((kind) => kind !== "TTYWrap");
  // Node lists its own stdio too, which keeps nothing alive.
  return kinds.length <= countStdioPipes() && kinds.every((kind) => kind === "PipeWrap");
}

function countStdioPipes(): number {
  return [0, 1, 2].map((fd) => fstatSync(fd)).filter((stat) => stat.isFIFO() || stat.isSocket()).length;
}

async function stopInTime(): Promise<void> {
  const end = performance.now() + maxStopMs;
  await whenAnswered(maxAnswerMs);
  const stopped = host()
    .stop()
    .catch((error) => console.error("[kawa] The embedded engine could not be stopped:", error));
  // A stop that hangs goes on, and ends with this process.
  await keepAlive(withTimeout(stopped, leftUntil(end), () => {}));
}
