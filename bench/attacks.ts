import { join } from "node:path";
import type { Attack } from "./attack.ts";
import { attackList } from "./attack-list.ts";
import { AttackedApp, type Outcome, type Phase } from "./attacked-app.ts";
import { warnOfMachine } from "./cores.ts";
import { formatNumber, type Result, row, type Row, type Table, type Verdict } from "./report.ts";
import { withTempDir } from "./temp-dir.ts";

const megabyte = 1_000_000;
/** Next's own work may fill the core: then Kawa may take this much more. */
const baselineShare = 1.1;
const goals = { slower: 3, larger: 1.1 };

type Played = { readonly attack: Attack; readonly outcome: Outcome };

/** What strangers do to an app on one core, and what its honest visitors notice of it. */
export async function measureAttacks(): Promise<Result> {
  warnOfMachine();
  const asked = process.env["ATTACKS"]?.split(",");
  const chosen = attackList.filter(({ name }) => asked?.some((part) => name.includes(part)) ?? true);
  return report(await withTempDir((dir) => playAll(chosen, dir)));
}

async function playAll(chosen: readonly Attack[], dir: string): Promise<Played[]> {
  const played: Played[] = [];
  let app: AttackedApp | undefined;
  try {
    for (const [index, attack] of chosen.entries()) {
      console.error(`- ${attack.name}`);
      app ??= await AttackedApp.start(join(dir, String(index)));
      const outcome = await app.play(attack);
      played.push({ attack, outcome });
      if (!outcome.isHurt) continue;
      // What one attack has broken must not be blamed on the next one.
      await app.stop();
      app = undefined;
    }
  } finally {
    await app?.stop();
  }
  return played;
}

type Bound = (phase: Phase) => readonly number[];
const kinds: readonly (readonly [string, Bound])[] = [
  ["page", ({ pages }) => pages],
  ["write to the other's event", ({ events }) => events],
];

function report(played: readonly Played[]): Result {
  const rows: Row[] = [];
  const verdicts: Verdict[] = [];
  const lines: string[][] = [];
  const baselines = new Set<string>();
  const quietShare =
    sum(played, ({ outcome }) => outcome.quiet.cpuMs) / sum(played, ({ outcome }) => outcome.quiet.durationMs);
  const ownCpu = ({ cpuMs, durationMs }: Phase): string =>
    `${formatNumber(Math.max(0, cpuMs - quietShare * durationMs))} ms`;
  const quiet = kinds.map(([kind, of]) =>
    row(
      `${kind}, quiet`,
      "ms",
      played.flatMap(({ outcome }) => of(outcome.quiet)),
    ),
  );
  rows.push(...quiet);
  for (const { attack, outcome } of played) {
    const ratios = kinds.map(([kind, of], at) => {
      const under = row(`${kind}, ${attack.name}`, "ms", of(outcome.under));
      const times = under.stats.p99 / quiet[at]!.stats.p99;
      const baseline =
        outcome.baseline &&
        row(`- ${kind}, the same requests to a route that does nothing`, "ms", of(outcome.baseline));
      const baselineTimes = (baseline?.stats.p99 ?? 0) / quiet[at]!.stats.p99;
      rows.push(under, ...(baseline ? [baseline] : []));
      verdicts.push({
        name: `p99 of ${kind}, ${attack.name} / quiet`,
        value: times,
        unit: "times",
        goal: { atMost: Math.max(goals.slower, baselineShare * baselineTimes) },
      });
      return { times, p99: under.stats.p99, baseline: baseline && { times: baselineTimes, p99: baseline.stats.p99 } };
    });
    // What Next alone has to do stands once, before the first attack that is measured against it.
    if (attack.baseline !== undefined && outcome.baseline && !baselines.has(attack.baseline)) {
      baselines.add(attack.baseline);
      const name = `*${attack.baseline}, to a route that does nothing*`;
      lines.push([
        name,
        ...ratios.map(({ baseline }) => latency(baseline!)),
        ownCpu(outcome.baseline),
        "",
        "",
        listed(outcome.baseline.failures),
        "",
      ]);
    }
    const grown = outcome.memory.after / outcome.memory.before;
    verdicts.push(
      {
        name: `- what did not come out for honest visitors, ${attack.name}`,
        value: countOf(outcome.under.failures),
        unit: "requests",
        ...(attack.isSameAddress === true ? {} : { goal: { atMost: 0 } }),
      },
      { name: `- memory after ${attack.name} / before`, value: grown, unit: "times", goal: { atMost: goals.larger } },
    );
    lines.push([
      attack.name,
      ...ratios.map(latency),
      ownCpu(outcome.under) + (outcome.baseline ? ` (${ownCpu(outcome.baseline)})` : ""),
      [outcome.memory.before, outcome.memory.peak, outcome.memory.after]
        .map((bytes) => formatNumber(bytes / megabyte))
        .join(" / "),
      `${outcome.rows.before} / ${outcome.rows.after}`,
      listed(outcome.under.failures),
      listed(outcome.answers.counts) +
        (outcome.answers.bytes > megabyte ? `, ${formatNumber(outcome.answers.bytes / megabyte)} MB` : ""),
    ]);
  }
  return { rows, verdicts, tables: [{ head, lines }] };
}

const head: Table["head"] = [
  "attack",
  "p99 of a page, times quiet",
  "p99 of write to event",
  "CPU of the server beyond quiet (of the same to a route that does nothing)",
  "MB before / peak / after",
  "stored values before / after",
  "honest visitors missed",
  "the attacker was answered",
];

type Latency = { readonly p99: number; readonly times: number; readonly baseline?: Latency | undefined };

function latency({ p99, times, baseline }: Latency): string {
  return `${formatNumber(p99)} ms, ${times.toFixed(1)} x${baseline ? ` (${baseline.times.toFixed(1)} x)` : ""}`;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function countOf(counts: Readonly<Record<string, number>>): number {
  return sum(Object.values(counts), (count) => count);
}

function listed(counts: Readonly<Record<string, number>>): string {
  return (
    Object.entries(counts)
      .map(([name, count]) => `${count} x ${name}`)
      .join(", ") || "nothing"
  );
}
