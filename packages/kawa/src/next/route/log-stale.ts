import { show } from "../../core/errors/errors.ts";
import { reportSeldom } from "../limits/report-seldom.ts";
import type { StaleReport, StaleWay } from "../protocol/stream-protocol.ts";

const reasons: Readonly<Record<StaleWay, string>> = {
  renders: "each of its renders shows less than was announced",
  refresh: "the render that it requested does not end",
  navigation: "a navigation does not end",
  wait: "it could not ask for a render",
};

/**
 * Writes into the log that a browser shows a stale page. Any browser can report that: so one line in ten seconds, of known words and a
 * short path.
 */
export function logStale({ path, way }: StaleReport): void {
  reportSeldom("stale", `A page has shown old values for 5 s: ${reasons[way]}. Its path:`, show(path));
}
