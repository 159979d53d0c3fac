/** Of a process: less than one percent of a core. */
const maxHeartbeatsPerSecond = 500;
/** Few, for they are told to strangers. The first leaves enough of the 5 s within which a page is current or says that it is not. */
const gapsMs = [2_500, 5_000, 10_000];

/** Longest time without an event, in milliseconds: short where that costs nothing, `longestMs` where very many streams are open. */
export function heartbeatGapMs(streamCount: number, longestMs: number): number {
  return gapsMs.find((gapMs) => streamCount * 1_000 <= maxHeartbeatsPerSecond * gapMs) ?? longestMs;
}
