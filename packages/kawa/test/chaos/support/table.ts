import type { Fault, Outcome } from "./round.ts";

/** Most milliseconds in which a page may say "live" and be behind. */
const mostWrongMs = 5_000;

const seconds = (ms: number | undefined): string => (ms === undefined ? "" : (ms / 1_000).toFixed(1));

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[(values.length - 1) >> 1]!;
}

function most(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

export function tableHead(): string {
  return [
    "| store | fault | rounds | heals p50, s | worst, s | goal, s | victim back worst, s | lost | twice | stale | live and wrong, s | errors |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
  ].join("\n");
}

export function tableRow({ store, name, goalMs }: Fault, outcomes: readonly Outcome[]): string {
  const of = <K extends keyof Outcome>(key: K): Outcome[K][] => outcomes.map((outcome) => outcome[key]);
  const heals = of("healMs");
  const errors = of("errors").flat();
  const cells = [
    store,
    name,
    outcomes.length,
    seconds(middle(heals)),
    seconds(most(heals)),
    goalMs === undefined ? "" : seconds(goalMs),
    seconds(most(of("backMs"))),
    sum(of("lost")),
    sum(of("twice")),
    sum(of("stale")),
    seconds(most(of("wrongMs"))),
    errors.length === 0 ? "" : `${errors.length} ${[...new Set(errors)].join(" ")}`,
  ];
  return `| ${cells.join(" | ")} |`;
}

/** What nobody may see, whatever happens; undefined where nothing of it was seen. */
export function violationOf({ store, name }: Fault, outcomes: readonly Outcome[]): string | undefined {
  const found = (["lost", "twice", "stale"] as const).filter((key) => outcomes.some((outcome) => outcome[key] > 0));
  const isWrong = outcomes.some(({ wrongMs }) => wrongMs > mostWrongMs);
  const all = [...found, ...(isWrong ? ["live and wrong"] : [])];
  return all.length === 0 ? undefined : `${store}, ${name}: ${all.join(", ")}`;
}

/** Whether every round met the goal. */
export function meetsGoal({ goalMs }: Fault, outcomes: readonly Outcome[]): boolean {
  return goalMs === undefined || outcomes.every(({ healMs }) => healMs <= goalMs);
}
