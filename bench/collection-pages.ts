import { join } from "node:path";
import { BenchApp } from "./bench-app.ts";
import { ratio, row, type Result } from "./report.ts";
import { withTempDir } from "./temp-dir.ts";
import { inTurns } from "./turns.ts";

const count = Number(process.env["BENCH_ROWS"] ?? 1_000_000);
const chunkCount = 10_000;
/** As in `kawa-app/lib/rows.ts`, which fills list after list. */
const listCount = Math.floor(count / 1_000);
/** Prime: so the lists that are read are spread over all, and each is read once. */
const listStep = 389;
const rowsOfPage = 50;
const pagesAtOnce = 10;
/** One more warms up. */
const rounds = Math.min(20, Math.floor(listCount / pagesAtOnce) - 1);
const goal = 1.5;

/** A server component that shows the first 50 rows of a list, each list for the first time, against the same of node:sqlite. */
export async function measureCollectionPages(): Promise<Result> {
  return withTempDir(async (path) => {
    const app = await BenchApp.start({ name: "kawa-app", expectedScore: 0, dataDir: join(path, "data") });
    try {
      for (let from = 0; from < count; from += chunkCount) {
        const { ok, status } = await fetch(`${app.url}/api/rows`, {
          method: "POST",
          body: JSON.stringify({ path: join(path, "rows.db"), from, count: Math.min(chunkCount, count - from) }),
        });
        if (!ok) throw new Error(`The rows from ${from} on were answered with ${status}:\n${app.log.slice(-2_000)}`);
      }
      const next = { kawa: 0, sqlite: 0 };
      const samples = await inTurns(["kawa", "sqlite"] as const, { rounds }, async (source) => {
        const times: number[] = [];
        for (let page = 0; page < pagesAtOnce; page += 1)
          times.push(await timePage(app, source, (next[source]++ * listStep) % listCount));
        return times;
      });
      const [kawa, sqlite] = [
        row("page of 50 rows for the first time, useReactive(query)", "ms", samples[0]),
        row("the same page, node:sqlite in the process", "ms", samples[1]),
      ] as const;
      const name = `first page of 50 out of ${count.toLocaleString("en-US")} rows / node:sqlite`;
      return {
        rows: [kawa, sqlite],
        verdicts: [{ name, value: ratio(kawa, sqlite), unit: "times", goal: { atMost: goal } }],
      };
    } finally {
      await app.stop();
    }
  });
}

async function timePage(app: BenchApp, source: string, list: number): Promise<number> {
  const startedAt = performance.now();
  const html = await (await fetch(`${app.url}/rows?source=${source}&list=list-${list}`)).text();
  const tookMs = performance.now() - startedAt;
  const shown = html.split("<li>").length - 1;
  if (shown !== rowsOfPage) throw new Error(`The page of list ${list} shows ${shown} rows.`);
  return tookMs;
}
