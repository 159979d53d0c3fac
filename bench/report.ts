import { summarize, type Stats } from "./stats.ts";

export type Unit = "ms" | "ns" | "writes/s";

/** One line of the table. */
export type Row = {
  readonly name: string;
  readonly unit: Unit;
  readonly stats: Stats;
};

/** What a measure concludes, from figures of one and the same run. */
export type Verdict = {
  readonly name: string;
  readonly value: number;
  readonly unit: "times" | "ms" | "ns";
  /** Largest value that is good enough; without it the figure is only reported. */
  readonly goal?: number;
};

export type Result = { readonly rows: readonly Row[]; readonly verdicts: readonly Verdict[] };

export function row(name: string, unit: Unit, samples: readonly number[]): Row {
  return { name, unit, stats: summarize(samples) };
}

export function isMissed({ value, goal }: Verdict): boolean {
  return goal !== undefined && !(value <= goal);
}

/** Both tables as Markdown, so that they can be pasted into docs/benchmarks.md. */
export function formatResult({ rows, verdicts }: Result): string {
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
      return `| ${name} | ${withUnit(value, unit)} | ${goal === undefined ? "" : `at most ${withUnit(goal, unit)}`} | ${outcome} |`;
    }),
  ].join("\n");
}

function withUnit(value: number, unit: Verdict["unit"]): string {
  return unit === "times" ? `${value.toFixed(2)} x` : `${formatNumber(value)} ${unit}`;
}

function formatNumber(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(1);
}
