import { performance as ofNode } from "node:perf_hooks";

export type LoopClock = {
  /** The time, in milliseconds. */
  readonly now: () => number;
  /** How long the event loop has waited for something to do, in milliseconds. */
  readonly idleMs: () => number;
};

/** Of this process. */
export const loopClock: LoopClock = {
  now: () => performance.now(),
  idleMs: () => ofNode.eventLoopUtilization().idle,
};
