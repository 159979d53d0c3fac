import { Agent, request } from "node:http";
import { connect } from "node:net";
import type { BankOperations } from "./bank-server.ts";
import { Forked } from "./forked.ts";
import { ratio, type Result, row } from "./report.ts";
import { withTempDir } from "./temp-dir.ts";
import { inTurns } from "./turns.ts";

const accountCount = 100_000;
const start = 1_000;
const inFlight = 64;
const roundMs = 2_000;
const rounds = 4;
const goalOfRate = 3;
const goalOfHot = 1.2;

type Side = { readonly name: string; readonly port: number; readonly process: Forked<BankOperations> };
type Round = { readonly side: Side; readonly order: keyof typeof orders };

/** Durable transfers between two of 100,000 accounts, all over them or over a few that everybody wants. */
export function measureTransfers(): Promise<Result> {
  return withTempDir(async (dataDir) => {
    const sides: Side[] = [];
    try {
      for (const name of ["kawa", "sqlite", ...((await hasPostgres()) ? ["postgres"] : [])]) {
        const env = { KAWA_DATA_DIR: `${dataDir}`, KAWA_SECRET: undefined, RIVET_ENDPOINT: undefined };
        const process = new Forked<BankOperations>("bank-server.ts", { env });
        sides.push({ name, process, port: await process.call("open", name, accountCount) });
      }
      return await measure(sides);
    } finally {
      for (const { process } of sides.toReversed()) await process.stop(process.call("close"));
    }
  });
}

async function measure(sides: readonly Side[]): Promise<Result> {
  const all = sides.flatMap((side) => (["even", "hot"] as const).map((order): Round => ({ side, order })));
  let failures = 0;
  const rates = await inTurns(all, { rounds }, async (round) => {
    const { made, failed } = await transfersOf(round);
    failures += failed;
    return made / (roundMs / 1_000);
  });
  for (const { name, process } of sides) {
    const sum = await process.call("sum");
    if (sum !== accountCount * start) throw new Error(`The accounts in ${name} hold ${sum}.`);
  }
  const rows = all.map(({ side, order }, at) => row(`${side.name}, ${order} accounts`, "writes/s", rates[at]!));
  const others = rows.slice(2).filter((_, at) => at % 2 === 0);
  const best = others.reduce((one, other) => (other.stats.p50 > one.stats.p50 ? other : one));
  return {
    rows,
    verdicts: [
      {
        name: "transfers a second, kawa / the best other",
        value: ratio(rows[0]!, best),
        unit: "times",
        goal: { atLeast: goalOfRate },
      },
      {
        name: "- even / hot accounts, kawa",
        value: ratio(rows[0]!, rows[1]!),
        unit: "times",
        goal: { atMost: goalOfHot },
      },
      { name: "- transfers that failed", value: failures, unit: "requests", goal: { atMost: 0 } },
    ],
  };
}

async function transfersOf({ side, order }: Round): Promise<{ made: number; failed: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
  const end = performance.now() + roundMs;
  let made = 0;
  let failed = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      const from = orders[order]();
      let to = orders[order]();
      while (to === from) to = orders[order]();
      if (await isMade(agent, side.port, `/${from}/${to}`)) made += 1;
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  agent.destroy();
  return { made, failed };
}

function isMade(agent: Agent, port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const sent = request({ agent, port, path, host: "127.0.0.1", method: "POST" }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode === 204));
    });
    sent.on("error", () => resolve(false)).end();
  });
}

/** Account `n` is wanted as often as 1 / n^1.5. */
const zipf = ((): (() => number) => {
  const sums = new Float64Array(accountCount);
  let sum = 0;
  for (let at = 0; at < accountCount; at += 1) sums[at] = sum += 1 / (at + 1) ** 1.5;
  return () => {
    const wanted = Math.random() * sum;
    let [low, high] = [0, accountCount - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
})();

const orders = { even: (): number => Math.floor(Math.random() * accountCount), hot: zipf };

function hasPostgres(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(5432, "127.0.0.1", () => resolve(true));
    socket.on("connect", () => socket.destroy()).on("error", () => resolve(false));
  });
}
