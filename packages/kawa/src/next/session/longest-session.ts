import { processState } from "../../core/process/process-state.ts";

const dayMs = 24 * 60 * 60 * 1000;

export const defaultMaxAgeMs = 30 * dayMs;

const lifetimes = processState("session-lifetimes", () => ({ longestMs: defaultMaxAgeMs }));

/** Notes how long sessions live that this process makes. */
export function noteSessionLifetime(ms: number): void {
  lifetimes.longestMs = Math.max(lifetimes.longestMs, ms);
}

/** The longest life of a session's cookie that this process may have made. */
export function longestSessionMs(): number {
  return lifetimes.longestMs;
}
