import { mkdirSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { type App, findApp } from "./app.ts";
import { type Plan, planInit, planUndo } from "./plan.ts";
import { showDiff } from "./show-diff.ts";

/** Where a command prints, and whom it asks. */
export type Terminal = {
  readonly print: (text: string) => void;
  /** Undefined where nobody can be asked. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
};

export const realTerminal: Terminal = {
  print: (text) => console.log(text),
  ask: process.stdin.isTTY ? askUser : undefined,
};

export type InitOptions = { readonly isUndo?: boolean; readonly isSure?: boolean };

/** Wires Kawa into the app in `folder`, or takes that back. Returns the exit code. */
export async function init(folder: string, options: InitOptions, terminal: Terminal = realTerminal): Promise<number> {
  const app = findApp(folder);
  if (!app) {
    terminal.print(`There is no app of Next with an app/ or src/app/ folder and its packages in ${folder}.`);
    return 1;
  }
  const plan = options.isUndo ? planUndo(app) : planInit(app);
  for (const change of plan.changes) terminal.print(`${showDiff(change)}\n`);
  if (plan.changes.length === 0) terminal.print("No file has to be changed.");
  else if (!options.isSure) {
    if (!terminal.ask) {
      terminal.print("Nothing was written. Run it again with --yes.");
      return 1;
    }
    if (!(await terminal.ask("Write this? [y/N] "))) {
      terminal.print("Nothing was written.");
      return 1;
    }
  }
  write(app.folder, plan);
  if (plan.changes.length > 0) terminal.print(`Written: ${plan.changes.map(({ path }) => path).join(", ")}`);
  for (const { path, why, lines } of plan.byHand) {
    terminal.print(`\nBy hand, in ${path}, for ${why}:\n${lines.map((line) => `    ${line}`).join("\n")}`);
  }
  if (!options.isUndo) terminal.print(nextSteps(app));
  return plan.byHand.length === 0 ? 0 : 1;
}

function write(folder: string, { changes }: Plan): void {
  for (const { path, after } of changes) {
    const full = join(folder, path);
    if (after === undefined) {
      rmSync(full);
      removeEmpty(dirname(full), folder);
    } else {
      mkdirSync(dirname(full), { recursive: true });
      writeFileSync(full, after);
    }
  }
}

/** Folders that were made for a file go with it. */
function removeEmpty(folder: string, top: string): void {
  if (folder === top) return;
  try {
    rmdirSync(folder);
  } catch {
    // Something else is in there.
    return;
  }
  removeEmpty(dirname(folder), top);
}

function nextSteps({ source, alias, middleware, basePath, packageManager }: App): string {
  const signals = alias === undefined ? `…/lib/signals` : "@/lib/signals";
  const run = packageManager === "npm" ? "npm run" : packageManager.split("-")[0];
  return `
Now read a signal in a server component, such as ${source}app/page:

    import { read } from "kawa";
    import { counter } from "${signals}";

    export default async function Page() {
      return <output>{await read(counter)}</output>;
    }

Start it with "${run} dev", open http://localhost:3000${basePath}, and see it change: await counter.update((n) => n + 1) in a server action.
${
  middleware === undefined
    ? "A proxy.ts makes refreshes after a navigation exact: node_modules/kawa/docs/middleware.md."
    : `In ${middleware}, leave /api/reactive out of what redirects to a login; withRenderId() makes refreshes after a navigation exact: node_modules/kawa/docs/middleware.md.`
}
"npx kawa doctor" checks all of it.`;
}

async function askUser(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await lines.question(question)).trim());
  } finally {
    lines.close();
  }
}
