import { setTimeout as sleep } from "node:timers/promises";
import { BenchApp } from "./bench-app.ts";
import { Forked } from "./forked.ts";
import { ratio, row, type Result } from "./report.ts";
import type { TabClientOperations, TabSide } from "./tab-clients.ts";
import { withTempDir } from "./temp-dir.ts";
import { inTurns } from "./turns.ts";

const tabCount = 1_000;
const rounds = 4;
const settleMs = 500;
const timeoutMs = 30_000;
const goal = 0.5;

type Sample = { readonly cpuMs: number; readonly lastMs: number; readonly requestCount: number };

class Tabs {
  readonly app: BenchApp;
  readonly #clients: Forked<TabClientOperations>;
  #score = 1_000;

  private constructor(app: BenchApp, clients: Forked<TabClientOperations>) {
    this.app = app;
    this.#clients = clients;
  }

  static async open(app: BenchApp, side: TabSide): Promise<Tabs> {
    const clients = new Forked<TabClientOperations>("tab-clients.ts");
    try {
      await clients.call("open", app.url, side, tabCount);
      return new Tabs(app, clients);
    } catch (error) {
      await clients.stop();
      throw error;
    }
  }

  async change(): Promise<Sample> {
    await sleep(settleMs);
    const before = await this.app.cpuMs();
    const { lastMs, requestCount } = await this.#clients.call("change", this.app.url, ++this.#score, timeoutMs);
    return { cpuMs: (await this.app.cpuMs()) - before, lastMs, requestCount };
  }

  async close(): Promise<void> {
    await this.#clients.stop();
  }
}

/** One write that very many tabs show: what the server has to do until all of them are current. */
export async function measureTabs(): Promise<Result> {
  return withTempDir(async (dataDir) => {
    const apps: BenchApp[] = [];
    const opened: Tabs[] = [];
    try {
      apps.push(await BenchApp.start({ name: "bare-app", expectedScore: 0 }));
      apps.push(await BenchApp.start({ name: "kawa-app", expectedScore: 0, dataDir }));
      for (const [index, side] of (["bare", "kawa"] as const).entries()) opened.push(await Tabs.open(apps[index]!, side));
      const [bare, kawa] = await inTurns([opened[0]!, opened[1]!], { rounds }, (tabs) => tabs.change());
      return conclude(bare, kawa);
    } finally {
      for (const tabs of opened) await tabs.close();
      for (const app of apps) await app.stop();
    }
  });
}

function conclude(bare: readonly Sample[], kawa: readonly Sample[]): Result {
  const cpuRow = (name: string, samples: readonly Sample[]) =>
    row(`CPU until ${tabCount} tabs are current, ${name}`, "ms", samples.map(({ cpuMs }) => cpuMs));
  const lastRow = (name: string, samples: readonly Sample[]) =>
    row(`write until the last of ${tabCount} tabs is current, ${name}`, "ms", samples.map(({ lastMs }) => lastMs));
  const [bareCpu, kawaCpu] = [cpuRow("bare", bare), cpuRow("kawa", kawa)];
  return {
    rows: [bareCpu, kawaCpu, lastRow("bare", bare), lastRow("kawa", kawa)],
    verdicts: [
      { name: `CPU until ${tabCount} tabs are current, kawa / bare`, value: ratio(kawaCpu, bareCpu), unit: "times", goal: { atMost: goal } },
      { name: "- requests a tab, kawa", value: Math.max(...kawa.map(({ requestCount }) => requestCount)) / tabCount, unit: "times" },
    ],
  };
}
