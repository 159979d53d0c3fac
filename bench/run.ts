import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { join } from "node:path";
import { measureAttacks } from "./attacks.ts";
import { measureBrowserWrite } from "./browser-write.ts";
import { measureCached } from "./cached.ts";
import { measureCollectionPages } from "./collection-pages.ts";
import { measureCollections } from "./collections.ts";
import { buildBenchApp, checkIsBare } from "./bench-app.ts";
import { measureDurable } from "./durable.ts";
import { measureFragments } from "./fragments.ts";
import { measureNavigation } from "./navigation.ts";
import { formatResult, isMissed, type Result, type Table } from "./report.ts";
import { measureHundredThousand } from "./hundred-thousand.ts";
import { measureMemory } from "./memory.ts";
import { measureMoves } from "./moves.ts";
import { measureOtherServer } from "./other-server.ts";
import { measureReplication } from "./replication.ts";
import { measureShards } from "./shards.ts";
import { measureSignalRead } from "./signal-read.ts";
import { measureSingleWrite } from "./single-write.ts";
import { measureStartUp } from "./start-up.ts";
import { measureStreams } from "./streams.ts";
import { measurePushedPages, measureTabs } from "./tabs.ts";
import { measureCounter } from "./counter.ts";
import { measureTransfers } from "./transfers.ts";
import { measureTenants } from "./tenants.ts";
import { measureUseActor } from "./use-actor.ts";
import { measureWake } from "./wake.ts";
import { measureWriteToDom } from "./write-to-dom.ts";
import { measureWrites } from "./writes.ts";

const measures: Record<string, () => Promise<Result>> = {
  "write-to-dom": measureWriteToDom,
  fragments: measureFragments,
  "browser-write": measureBrowserWrite,
  "other-server": measureOtherServer,
  "use-actor": measureUseActor,
  navigation: measureNavigation,
  "signal-read": measureSignalRead,
  "start-up": measureStartUp,
  writes: measureWrites,
  "single-write": measureSingleWrite,
  shards: measureShards,
  transfers: measureTransfers,
  counter: measureCounter,
  durable: measureDurable,
  "hundred-thousand": measureHundredThousand,
  collections: measureCollections,
  "collection-pages": measureCollectionPages,
  wake: measureWake,
  replication: measureReplication,
  memory: measureMemory,
  tenants: measureTenants,
  streams: measureStreams,
  tabs: measureTabs,
  "pushed-pages": measurePushedPages,
  moves: measureMoves,
  cached: measureCached,
  attacks: measureAttacks,
};
/** The others need plain Node processes only. */
const measuresOfApps: readonly string[] = [
  "write-to-dom",
  "fragments",
  "browser-write",
  "other-server",
  "use-actor",
  "navigation",
  "signal-read",
  "start-up",
  "streams",
  "tabs",
  "pushed-pages",
  "moves",
  "collection-pages",
];
/** Of each measure; servers that hang take their time. */
const measureTimeoutMs = 600_000;

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in measures));
if (unknown.length > 0) {
  console.error(`There is no measure "${unknown.join('", "')}". Choose among: ${Object.keys(measures).join(", ")}.`);
  process.exit(2);
}

// Each process of a measure is ended with this one.
process.setMaxListeners(50);
// Ending by process.exit() is what stops the servers: e2e/support/process.ts sees to that.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.on(signal, () => process.exit(code));

const chosen = Object.entries(measures).filter(([name]) => asked.length === 0 || asked.includes(name));
if (chosen.some(([name]) => measuresOfApps.includes(name))) {
  console.error("Building bench/bare-app and bench/kawa-app …");
  buildBenchApp("bare-app");
  checkIsBare();
  buildBenchApp("kawa-app");
}
for (const [name, app] of [
  ["attacks", "attacked-app"],
  ["cached", "cached-app"],
] as const) {
  if (!chosen.some(([measure]) => measure === name)) continue;
  console.error(`Building bench/${app} …`);
  buildBenchApp(app);
}

const rows: Result["rows"][number][] = [];
const verdicts: Result["verdicts"][number][] = [];
const tables: Table[] = [];
for (const [name, measure] of chosen) {
  console.error(`Measuring ${name} …`);
  const overdue = setTimeout(() => {
    console.error(`The measure "${name}" took longer than ${measureTimeoutMs} ms.`);
    process.exit(1);
  }, measureTimeoutMs);
  const result = await measure();
  clearTimeout(overdue);
  rows.push(...result.rows);
  verdicts.push(...result.verdicts);
  tables.push(...(result.tables ?? []));
}

const result: Result = { rows, verdicts, tables };
const environment = describeEnvironment();
writeFileSync(
  join(import.meta.dirname, "results.json"),
  `${JSON.stringify({ environment, ...result }, undefined, 2)}\n`,
);
console.log(
  `\n${Object.entries(environment)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ")}\n`,
);
console.log(formatResult(result));
if (verdicts.some(isMissed)) process.exitCode = 1;

function describeEnvironment(): Record<string, string | number> {
  const require = createRequire(import.meta.url);
  const versionOf = (name: string): string =>
    (JSON.parse(readFileSync(require.resolve(`${name}/package.json`), "utf8")) as { version: string }).version;
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
    CPUs: cpus().length,
    node: process.versions.node,
    next: versionOf("next"),
    react: versionOf("react"),
  };
}

function commit(): string {
  try {
    return execFileSync("git", ["describe", "--always", "--dirty"], {
      cwd: import.meta.dirname,
      encoding: "utf8",
    }).trim();
  } catch {
    return "unknown";
  }
}
