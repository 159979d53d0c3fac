import { setTimeout as sleep } from "node:timers/promises";
import { actionId, BenchApp } from "./bench-app.ts";
import { Forked } from "./forked.ts";
import { ratio, row, type Result, type Row, type Verdict } from "./report.ts";
import type { TabClientOperations, TabSide } from "./tab-clients.ts";
import { withTempDir } from "./temp-dir.ts";
import { inTurns } from "./turns.ts";

/** Fewer where the machine has no room for them: what is compared is of one run. */
const tabCount = Number(process.env["KAWA_BENCH_TABS"] ?? 1_000);
const rounds = 3;
const settleMs = 500;
const timeoutMs = 30_000;
const goals: Partial<Record<TabSide, number>> = { fragment: 0.5, pushed: 0.15 };

type Sample = {
  readonly cpuMs: number;
  readonly lastMs: number;
  readonly requestCount: number;
  readonly runCount: number;
};

class Tabs {
  readonly app: BenchApp;
  readonly #side: TabSide;
  readonly #clients: Forked<TabClientOperations>;
  #score = 1_000;

  private constructor(app: BenchApp, side: TabSide, clients: Forked<TabClientOperations>) {
    this.app = app;
    this.#side = side;
    this.#clients = clients;
  }

  static async open(app: BenchApp, side: TabSide): Promise<Tabs> {
    const clients = new Forked<TabClientOperations>("tab-clients.ts");
    try {
      const [pushAction, refreshAction] = [actionId("kawa-app", "pushFragments"), actionId("kawa-app", "refreshRoute")];
      await clients.call("open", { url: app.url, side, pushAction, refreshAction }, tabCount);
      return new Tabs(app, side, clients);
    } catch (error) {
      await clients.stop();
      throw error;
    }
  }

  async change(): Promise<Sample> {
    await sleep(settleMs);
    const runsBefore = await this.#costlyRuns();
    const before = await this.app.cpuMs();
    const { lastMs, requestCount } = await this.#clients.call("change", this.app.url, ++this.#score, timeoutMs);
    const cpuMs = (await this.app.cpuMs()) - before;
    return { cpuMs, lastMs, requestCount, runCount: (await this.#costlyRuns()) - runsBefore };
  }

  async #costlyRuns(): Promise<number> {
    return this.#side === "costly" ? Number(await (await fetch(`${this.app.url}/api/runs`)).text()) : 0;
  }

  async close(): Promise<void> {
    await this.#clients.stop();
  }
}

/** One write that very many tabs show: what the server has to do until all of them are current. */
export function measureTabs(): Promise<Result> {
  return measureSides(["page", "fragment"]);
}

/** The same for whole pages that are pushed, one of which takes 50 ms of CPU. */
export function measurePushedPages(): Promise<Result> {
  return measureSides(["pushed", "costly"]);
}

async function measureSides(sides: readonly Exclude<TabSide, "bare">[]): Promise<Result> {
  const rows: Row[] = [];
  const verdicts: Verdict[] = [];
  for (const side of sides) {
    const { bare, kawa } = await measureSide(side);
    const cpuOf = (name: string, samples: readonly Sample[]): Row =>
      row(
        `CPU until ${tabCount} tabs are current, ${name}`,
        "ms",
        samples.map(({ cpuMs }) => cpuMs),
      );
    const lastOf = (name: string, samples: readonly Sample[]): Row =>
      row(
        `write until the last of ${tabCount} tabs is current, ${name}`,
        "ms",
        samples.map(({ lastMs }) => lastMs),
      );
    const cpu = { bare: cpuOf(`bare, beside ${side}`, bare), kawa: cpuOf(`kawa, ${side}`, kawa) };
    rows.push(cpu.bare, cpu.kawa, lastOf(`bare, beside ${side}`, bare), lastOf(`kawa, ${side}`, kawa));
    verdicts.push(
      {
        name: `CPU until ${tabCount} tabs are current, kawa (${side}) / bare`,
        value: ratio(cpu.kawa, cpu.bare),
        unit: "times",
        ...(goals[side] === undefined ? {} : { goal: { atMost: goals[side] } }),
      },
      {
        name: `- requests a tab, kawa (${side})`,
        value: Math.max(...kawa.map(({ requestCount }) => requestCount)) / tabCount,
        unit: "requests",
      },
    );
    if (side !== "costly") continue;
    const value = Math.max(...kawa.map(({ runCount }) => runCount));
    verdicts.push({
      name: `- runs of its component a change, kawa (${side})`,
      value,
      unit: "runs",
      goal: { atMost: 1 },
    });
  }
  return { rows, verdicts };
}

async function measureSide(side: Exclude<TabSide, "bare">): Promise<{ bare: Sample[]; kawa: Sample[] }> {
  return withTempDir(async (dataDir) => {
    const apps: BenchApp[] = [];
    const opened: Tabs[] = [];
    try {
      apps.push(await BenchApp.start({ name: "bare-app", expectedScore: 0 }));
      apps.push(await BenchApp.start({ name: "kawa-app", expectedScore: 0, dataDir }));
      for (const [index, one] of (["bare", side] as const).entries()) opened.push(await Tabs.open(apps[index]!, one));
      const [bare, kawa] = await inTurns([opened[0]!, opened[1]!], { rounds }, (tabs) => tabs.change());
      return { bare, kawa };
    } finally {
      for (const tabs of opened) await tabs.close();
      for (const app of apps) await app.stop();
    }
  });
}
