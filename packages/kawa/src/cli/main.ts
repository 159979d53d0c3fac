#!/usr/bin/env node
import { parseArgs } from "node:util";
import { create } from "./create.ts";
import { doctor } from "./doctor.ts";
import { init } from "./init.ts";
import { reshard } from "./reshard.ts";

const usage = `kawa init [--yes] [--undo]      wires Kawa into the Next app of this folder, or takes that back
kawa doctor [--url <address>]   says what is missing or wrong, also of the running app at that address
kawa create <folder> [--empty] [--kawa <package>] [--no-install]
                                makes a new app from the starter, with a first commit; --empty leaves out the demo
kawa reshard <number> [--by <prefix>=<segments>] [--backend reactiveState/global]
                                copies the values to another number of shards, while the app of this folder runs`;

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      backend: { type: "string", default: "reactiveState/global" },
      by: { type: "string", multiple: true, default: [] },
      empty: { type: "boolean" },
      help: { type: "boolean", short: "h" },
      install: { type: "boolean" },
      kawa: { type: "string" },
      undo: { type: "boolean" },
      url: { type: "string" },
      yes: { type: "boolean", short: "y" },
    },
    allowNegative: true,
  });
  const [command, folder, ...others] = positionals;
  if (command === undefined || values.help === true) {
    console.log(usage);
    return values.help === true ? 0 : 1;
  }
  const isAlone = folder === undefined;
  if (command === "init" && isAlone)
    return init(process.cwd(), { isSure: values.yes === true, isUndo: values.undo === true });
  if (command === "doctor" && isAlone) return doctor(process.cwd(), { url: values.url });
  if (command === "create" && !isAlone && others.length === 0)
    return create(folder, { kawa: values.kawa, install: values.install !== false, isEmpty: values.empty === true });
  if (command === "reshard" && !isAlone && others.length === 0) {
    // RivetKit's native part keeps a process alive.
    process.exit(await reshard(process.cwd(), { number: folder, by: values.by, backend: values.backend }));
  }
  console.error(usage);
  return 1;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
