import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { ratio, row, type Result } from "./report.ts";
import { withTempDir } from "./temp-dir.ts";
import { inTurns } from "./turns.ts";
import { withWorkers } from "./worker-process.ts";

const manyCount = Number(process.env["BENCH_ROWS"] ?? 1_000_000);
const few = { kind: "row", of: { actorId: "few-rows", count: 1_000 } } as const;
const many = { kind: "row", of: { actorId: "many-rows", count: manyCount } } as const;
const plain = { kind: "set", of: { actorId: "plain", keyCount: 1 } } as const;
const shownCount = 100;
const pagesAtOnce = 10;
const rounds = 6;
const arrivals = 150;
const megabyte = 1_000_000;
const goals = { update: 1.2, ofPlain: 1.5, megabytes: 50 };

/** A page of 50 out of very many rows: its first read, an update in it, and what 100 of them take. */
export async function measureCollections(): Promise<Result> {
  return withTempDir((path) =>
    withWorkers(async ({ start }) => {
      const owner = await start();
      await owner.call("fillRows", few.of);
      await owner.call("fillRows", many.of);
      await owner.call("fillSqlite", join(path, "rows.db"), manyCount);
      let firstList = shownCount;
      const [kawaMs, sqliteMs] = await inTurns(["kawa", "sqlite"] as const, { rounds }, async (side) => {
        if (side === "sqlite") return owner.call("timeSqlitePages", shownCount, pagesAtOnce);
        firstList += pagesAtOnce;
        return owner.call("timePages", many.of, firstList - pagesAtOnce, pagesAtOnce);
      });
      const knownMs = await owner.call("timePages", many.of, shownCount, pagesAtOnce * rounds);

      const follower = await start();
      await owner.call("fill", plain.of, 100);
      for (const change of [few, many, plain]) await follower.call("watch", change);
      const arrived = await inTurns([few, many, plain], { warmUpRounds: 20, rounds: arrivals }, async (change) => {
        const { number, startedAt } = await owner.call("change", change, 1);
        const { at } = await follower.call("arrival", change, number);
        await sleep(2);
        return at - startedAt;
      });

      const server = await start({ nodeArguments: ["--expose-gc"] });
      await server.call("showPages", many.of, 1);
      const before = await server.call("memory");
      await server.call("showPages", many.of, shownCount);
      const after = await server.call("memory");
      return conclude({ kawaMs, sqliteMs, knownMs, arrived, grownBytes: after.heap - before.heap });
    }),
  );
}

type Figures = {
  readonly kawaMs: readonly number[];
  readonly sqliteMs: readonly number[];
  readonly knownMs: readonly number[];
  readonly arrived: readonly (readonly number[])[];
  readonly grownBytes: number;
};

function conclude({ kawaMs, sqliteMs, knownMs, arrived, grownBytes }: Figures): Result {
  const count = manyCount.toLocaleString("en-US");
  const first = row(`first read of a page of 50 out of ${count} rows`, "ms", kawaMs);
  const known = row("- of a page that this server shows already", "ms", knownMs);
  const sqlite = row("the same query of node:sqlite in the process", "ms", sqliteMs);
  const [fewRows, manyRows, value] = ["1,000 rows", `${count} rows`, "a plain signal"].map((name, at) =>
    row(`update in a shown page to its arrival in another process, ${name}`, "ms", arrived[at]!),
  ) as [ReturnType<typeof row>, ReturnType<typeof row>, ReturnType<typeof row>];
  return {
    rows: [first, known, sqlite, fewRows, manyRows, value],
    verdicts: [
      { name: "first read of a page / node:sqlite", value: ratio(first, sqlite), unit: "times" },
      { name: "read of a shown page / node:sqlite", value: ratio(known, sqlite), unit: "times" },
      {
        name: `update in a shown page, ${count} rows / 1,000`,
        value: ratio(manyRows, fewRows),
        unit: "times",
        goal: { atMost: goals.update },
      },
      {
        name: "update in a shown page / plain signal",
        value: ratio(manyRows, value),
        unit: "times",
        goal: { atMost: goals.ofPlain },
      },
      {
        name: `memory of a server that shows ${shownCount} pages of 50`,
        value: grownBytes / megabyte,
        unit: "MB",
        goal: { atMost: goals.megabytes },
      },
    ],
  };
}
