/** Most heartbeats of a process: they take less than one percent of a core. */
const maxHeartbeatsPerSecond = 500;
/**
 * Few values, since strangers see them: a finer one would tell how many streams are open. The first leaves enough of the 5 s within which a
 * page is current or says that it is not.
 */
const gapsMs = [2_500, 5_000, 10_000];

/** Longest time without an event, in milliseconds: short where that costs nothing, `longestMs` where very many streams are open. */
export function heartbeatGapMs(streamCount: number, longestMs: number): number {
  return gapsMs.find((gapMs) => streamCount * 1_000 <= maxHeartbeatsPerSecond * gapMs) ?? longestMs;
}
