import { Agent, request } from "node:http";
import { connect } from "node:net";
import { accountCount, type AccountOrder, makeTransfers, startBalance, type Transfers } from "./accounts.ts";
import type { BankOperations } from "./bank-server.ts";
import { Forked } from "./forked.ts";
import { ratio, type Result, row } from "./report.ts";
import { withTempDir } from "./temp-dir.ts";
import { inTurns } from "./turns.ts";

const inFlight = 64;
const durationMs = 2_000;
const rounds = 4;
const goalOfRate = 3;
const goalOfHot = 1.2;

type Bank = { readonly name: string; readonly port: number; readonly process: Forked<BankOperations> };
type Side = {
  readonly name: string;
  readonly order: AccountOrder;
  readonly transfers: () => Promise<Transfers>;
};

/**
 * Durable transfers between two of 100,000 accounts, all over them or over a few that everybody wants. Processes call Kawa and PostgreSQL
 * themselves; SQLite, which is in one process, is behind `node:http` for all others, and so is Kawa once more.
 */
export function measureTransfers(): Promise<Result> {
  return withTempDir(async (dataDir) => {
    const banks: Bank[] = [];
    try {
      for (const name of ["kawa", "sqlite", ...((await hasPostgres()) ? ["postgres"] : [])]) {
        const env = { KAWA_DATA_DIR: `${dataDir}`, KAWA_SECRET: undefined, RIVET_ENDPOINT: undefined };
        const process = new Forked<BankOperations>("bank-server.ts", { env });
        banks.push({ name, process, port: await process.call("open", name) });
      }
      return await measure(banks);
    } finally {
      for (const { process } of banks.toReversed()) await process.stop(process.call("close"));
    }
  });
}

async function measure(banks: readonly Bank[]): Promise<Result> {
  const [kawa, sqlite, ...others] = banks as readonly [Bank, Bank, ...Bank[]];
  const sides = [...called(kawa), ...asked(sqlite), ...others.flatMap(called), ...asked(kawa)];
  let failures = 0;
  const rates = await inTurns(sides, { rounds }, async ({ transfers }) => {
    const { made, failed } = await transfers();
    failures += failed;
    return made / (durationMs / 1_000);
  });
  for (const { name, process } of banks) {
    const sum = await process.call("sum");
    if (sum !== accountCount * startBalance) throw new Error(`The accounts in ${name} hold ${sum}.`);
  }
  const rows = sides.map(({ name, order }, at) => row(`${name}, ${order} accounts`, "writes/s", rates[at]!));
  const behindHttp = rows.at(-2)!;
  const neighbours = rows.slice(2, -2).filter((_, at) => at % 2 === 0);
  const best = neighbours.reduce((one, other) => (other.stats.p50 > one.stats.p50 ? other : one));
  return {
    rows,
    verdicts: [
      {
        name: "transfers a second, kawa / the best other",
        value: ratio(rows[0]!, best),
        unit: "times",
        goal: { atLeast: goalOfRate },
      },
      { name: "- kawa behind node:http / sqlite", value: ratio(behindHttp, rows[2]!), unit: "times" },
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

/** The bank makes the transfers itself. */
function called({ name, process }: Bank): Side[] {
  return inBothOrders(name, (order) => process.call("transfers", { order, inFlight, durationMs }));
}

/** Requests ask the bank for them. */
function asked({ name, port }: Bank): Side[] {
  return inBothOrders(`${name} behind node:http`, async (order) => {
    const agent = new Agent({ keepAlive: true, maxSockets: inFlight });
    try {
      return await makeTransfers({ order, inFlight, durationMs }, (from, to) => post(agent, port, `/${from}/${to}`));
    } finally {
      agent.destroy();
    }
  });
}

function inBothOrders(name: string, make: (order: AccountOrder) => Promise<Transfers>): Side[] {
  return (["even", "hot"] as const).map((order) => ({ name, order, transfers: () => make(order) }));
}

function post(agent: Agent, port: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, path, host: "127.0.0.1", method: "POST" }, (response) => {
      const { statusCode } = response;
      response.resume().on("end", () => (statusCode === 204 ? resolve() : reject(new Error(`Status ${statusCode}`))));
    });
    sent.on("error", reject).end();
  });
}

function hasPostgres(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(5432, "127.0.0.1", () => resolve(true));
    socket.on("connect", () => socket.destroy()).on("error", () => resolve(false));
  });
}
