import { setTimeout as sleep } from "node:timers/promises";

export const roundTimeoutMs = 10_000;

/** Playwright puts no bound on what `evaluate` waits for. */
export async function inTime<T>(work: Promise<T>, failure: string): Promise<T> {
  const late = new AbortController();
  const overdue = sleep(roundTimeoutMs, undefined, { signal: late.signal }).then(() => {
    throw new Error(`${failure} within ${roundTimeoutMs} ms.`);
  });
  overdue.catch(() => {});
  try {
    return await Promise.race([work, overdue]);
  } finally {
    late.abort();
  }
}
