import * as util from "node:util";
import type { FileChange } from "./plan.ts";

type Line = readonly [operation: -1 | 0 | 1, text: string];

/** Lines around a change that stay as they are. */
const contextLines = 2;

/** A change as people know it from `git diff`. */
export function showDiff({ path, before, after }: FileChange): string {
  const lines = diffLines(linesOf(before), linesOf(after));
  const isNear = (index: number): boolean =>
    lines.slice(Math.max(0, index - contextLines), index + contextLines + 1).some(([operation]) => operation !== 0);
  const shown = lines.flatMap(([operation, text], index) => {
    if (isNear(index)) return `${[" ", "+", "-"].at(operation)}${text}`;
    return isNear(index - 1) && index < lines.length - 1 ? "…" : [];
  });
  const what = before === undefined ? "new" : after === undefined ? "deleted" : "changed";
  return [`${path} (${what})`, ...shown].join("\n");
}

function linesOf(text: string | undefined): string[] {
  return text === undefined ? [] : text.replace(/\n$/, "").split("\n");
}

/** Node 22 has `util.diff` from 22.15 on: before that, all old lines and then all new ones. */
function diffLines(before: string[], after: string[]): Line[] {
  const { diff } = util as { diff?: (first: string[], second: string[]) => [number, string][] };
  if (!diff || before.length === 0 || after.length === 0) {
    return [...before.map((text) => [-1, text] as const), ...after.map((text) => [1, text] as const)];
  }
  // What is only in the first list has 1.
  return diff(before, after).map(([operation, text]) => [-operation as Line[0], text]);
}
