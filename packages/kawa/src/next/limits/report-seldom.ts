import { isKawaError } from "../../core/errors/errors.ts";
import { processState } from "../../core/process/process-state.ts";
import { isEnding } from "../../rivetkit/host/stop-with-process.ts";

/** Gap between reports of one kind, in milliseconds: strangers can cause any number of them. */
const gapMs = 10_000;

const reported = processState("seldom-reported", () => new Map<string, { at: number; leftOut: number }>());

/**
 * Reports an error of a kind that may come very often: one of each kind every ten seconds, and how many were left out. While the process
 * ends its backends are closed, and what still asks them is no fault.
 */
export function reportSeldom(kind: string, message: string, error: unknown): void {
  if (isEnding() && isKawaError(error, "BACKEND_CLOSED")) return;
  const before = reported.get(kind);
  const now = performance.now();
  if (before && now - before.at < gapMs) {
    before.leftOut += 1;
    return;
  }
  reported.set(kind, { at: now, leftOut: 0 });
  const leftOut = before?.leftOut ?? 0;
  console.error(
    `[kawa] ${message}${leftOut > 0 ? ` ${leftOut} more messages like this one were left out.` : ""}`,
    error,
  );
}
