import { renderTimingName } from "../packages/kawa/src/next/protocol/stream-protocol.ts";

const timingPattern = new RegExp(`${renderTimingName};desc="([^"]+)"`);

/** Each browser has an address of its own, as its `X-Forwarded-For` tells it. */
export function addressOf(index: number): string {
  return `10.0.${index >> 8}.${index & 255}`;
}

/** The id of the render in an answer with this `Server-Timing`; empty where it has none. */
export function renderIdIn(serverTiming: string | null | undefined): string {
  return timingPattern.exec(serverTiming ?? "")?.[1] ?? "";
}

/** Does the work for each number below `count`, `atOnce` at a time. */
export async function inLanes(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lanes = Array.from({ length: atOnce }, async () => {
    while (next < count) await work(next++);
  });
  await Promise.all(lanes);
}
