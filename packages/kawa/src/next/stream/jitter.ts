import { performance } from "node:perf_hooks";
import { processState } from "../../core/process/process-state.ts";

/** What a server needs to render a small page, roughly. */
const renderMs = 3;
/** A server renders so many pages at once with ease. */
const fewTabs = 20;
/** A server is busy when its event loop has something to do for this share of the time. */
const busyUtilization = 0.8;
const busyJitterMs = 500;
const sampleMs = 250;

type Sample = { at: number; utilization: number; since: ReturnType<typeof performance.eventLoopUtilization> };

const state = processState<{ sample: Sample | undefined }>("event-loop", () => ({ sample: undefined }));

/** Time over which tabs that show the same spread their renders, in milliseconds. */
export function jitterMsFor(tabCount: number, maxSpreadMs: number): number {
  const many = tabCount > fewTabs ? tabCount * renderMs : 0;
  const busy = eventLoopUtilization() > busyUtilization ? busyJitterMs : 0;
  return Math.min(Math.max(many, busy), maxSpreadMs);
}

function eventLoopUtilization(): number {
  const now = performance.now();
  const before = state.sample;
  if (before && now - before.at < sampleMs) return before.utilization;
  const since = performance.eventLoopUtilization();
  const utilization = before ? performance.eventLoopUtilization(since, before.since).utilization : 0;
  state.sample = { at: now, utilization, since };
  return utilization;
}
