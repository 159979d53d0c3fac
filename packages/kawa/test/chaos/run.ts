import { parseArgs } from "node:util";
import { Cluster, type Store } from "./support/cluster.ts";
import { faults } from "./support/faults.ts";
import { type Fault, type Outcome, playRound } from "./support/round.ts";
import { meetsGoal, tableHead, tableRow, violationOf } from "./support/table.ts";

/**
 * `npm run test:chaos`: real engines, servers and databases are killed, stopped, cut off and restarted under steady writes, and a table says
 * what visitors notice. Words name faults by a part of their name; `--help` has the options.
 */
// What was started ends with it.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => void current?.end().finally(() => process.exit(1)));
let current: Cluster | undefined;

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    store: { type: "string", multiple: true },
    set: { type: "string", multiple: true, default: [] },
    verbose: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const usage = `npm run test:chaos -- [parts of names of faults]
  --rounds 3                times that each fault is played
  --store files             one of: files, postgres, two nodes; may be given several times
  --verbose                 with each round and what the servers print
  --set NAME=VALUE          a setting of the engine, such as ENVOY_LOST_THRESHOLD=3000 (RIVET__PEGBOARD__ may be left out)

${faults.map(({ store, name }) => `${store}: ${name}`).join("\n")}`;

function engineEnv(): Record<string, string> {
  return Object.fromEntries(
    options.set.map((setting) => {
      const [name = "", value = ""] = setting.split("=");
      return [name.startsWith("RIVET") ? name : `RIVET__PEGBOARD__${name}`, value];
    }),
  );
}

async function playAll(store: Store, chosen: readonly Fault[]): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const fault of chosen) {
    // Each on engines of its own: what one fault leaves behind is no part of the next.
    const cluster = await Cluster.start({ store, engineEnv: engineEnv() });
    current = cluster;
    if (!cluster) {
      console.info(`| ${store} | ${fault.name} | not played: this machine has no PostgreSQL, or no NATS, to start |`);
      continue;
    }
    const outcomes: Outcome[] = [];
    try {
      for (let round = 0; round < Number(options.rounds); round += 1) {
        const outcome = await playRound(cluster, fault);
        outcomes.push(outcome);
        if (options.verbose) console.info(JSON.stringify(outcome), cluster.logs);
      }
    } catch (error) {
      problems.push(`${store}, ${fault.name}: ${(error as Error).message}`);
      if (options.verbose) console.info(cluster.logs);
    } finally {
      await cluster.end();
    }
    if (outcomes.length === 0) continue;
    console.info(tableRow(fault, outcomes));
    const violation = violationOf(fault, outcomes);
    if (violation) problems.push(violation);
    if (!meetsGoal(fault, outcomes)) problems.push(`${store}, ${fault.name}: slower than its goal`);
  }
  return problems;
}

if (options.help) console.info(usage);
else {
  const wanted = faults.filter(
    ({ store, name }) =>
      (!options.store || options.store.includes(store)) &&
      (words.length === 0 || words.some((word) => name.includes(word))),
  );
  console.info(tableHead());
  const problems: string[] = [];
  for (const store of ["files", "postgres", "two nodes"] as const)
    problems.push(
      ...(await playAll(
        store,
        wanted.filter((fault) => fault.store === store),
      )),
    );
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
