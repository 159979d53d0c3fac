import { summarize, type Stats } from "./stats.ts";

export type Unit = "ms" | "us" | "ns" | "writes/s" | "bytes" | "KB" | "MB";

/** One line of the table. */
export type Row = {
  readonly name: string;
  readonly unit: Unit;
  readonly stats: Stats;
};

/** The bound that makes a figure good enough; it may be equal to the bound. */
type Goal = { readonly atMost: number } | { readonly atLeast: number };

/** What a measure concludes, from figures of one and the same run. */
export type Verdict = {
  readonly name: string;
  readonly value: number;
  readonly unit: Unit | "times" | "streams" | "requests" | "runs" | "visits" | "actors" | "values";
  /** Without it the figure is only reported. */
  readonly goal?: Goal;
};

/** What no percentile shows, as cells of a table. */
export type Table = { readonly head: readonly string[]; readonly lines: readonly (readonly string[])[] };

export type Result = {
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
  readonly tables?: readonly Table[];
};

export function row(name: string, unit: Unit, samples: readonly number[]): Row {
  return { name, unit, stats: summarize(samples) };
}

/** How many times as large the p50 of the first row is. */
export function ratio(of: Row, to: Row): number {
  return of.stats.p50 / to.stats.p50;
}

export function isMissed({ value, goal }: Verdict): boolean {
  if (goal === undefined) return false;
  // A value that is not a number misses every goal.
  return "atMost" in goal ? !(value <= goal.atMost) : !(value >= goal.atLeast);
}

/** All tables as Markdown, so that they can be pasted into docs/benchmarks.md. */
export function formatResult({ rows, verdicts, tables = [] }: Result): string {
  return [
    "| measured | n | p50 | p90 | p99 |",
    "|---|---:|---:|---:|---:|",
    ...rows.map(({ name, unit, stats: { n, p50, p90, p99 } }) => {
      const cells = [p50, p90, p99].map((value) => `${formatNumber(value)} ${unit}`);
      return `| ${[name, n, ...cells].join(" | ")} |`;
    }),
    "",
    "| ratio or difference | value | goal | |",
    "|---|---:|---:|---|",
    ...verdicts.map((verdict) => {
      const { name, value, unit, goal } = verdict;
      const outcome = goal === undefined ? "" : isMissed(verdict) ? "MISSED" : "met";
      return `| ${name} | ${withUnit(value, unit)} | ${goal === undefined ? "" : formatGoal(goal, unit)} | ${outcome} |`;
    }),
    ...tables.flatMap(({ head, lines }) => [
      "",
      ...[head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`),
    ]),
  ].join("\n");
}

function formatGoal(goal: Goal, unit: Verdict["unit"]): string {
  return "atMost" in goal ? `at most ${withUnit(goal.atMost, unit)}` : `at least ${withUnit(goal.atLeast, unit)}`;
}

function withUnit(value: number, unit: Verdict["unit"]): string {
  return unit === "times" ? `${value.toFixed(2)} x` : `${formatNumber(value)} ${unit}`;
}

export function formatNumber(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1);
}
