import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { type App, readText } from "./app.ts";
import { type Edited, unwrapConfig, wrapConfig } from "./edit-config.ts";
import { unwrapLayout, wrapLayout } from "./edit-layout.ts";

/** A file that is written, changed (`before` and `after`) or deleted (no `after`). */
export type FileChange = {
  readonly path: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
};
/** What only the author of a file can do. */
type ByHand = { readonly path: string; readonly why: string; readonly lines: readonly string[] };
export type Plan = { readonly changes: readonly FileChange[]; readonly byHand: readonly ByHand[] };

const configLines = [`import { withKawa } from "kawa/next/config";`, "export default withKawa(nextConfig);"];
const layoutLines = [`import { LiveUpdates } from "kawa/next";`, "<LiveUpdates>{children}</LiveUpdates>"];

/** What the app lacks for live pages. Empty where it has everything. */
export function planInit(app: App): Plan {
  const plan = new PlanMaker(app);
  if (app.config === undefined) plan.create(newConfig(app), configText);
  else plan.edit(app.config, wrapConfig, configLines);
  if (app.layout === undefined)
    plan.leave(`${app.source}app/layout`, "there is no root layout that this tool can find", layoutLines);
  else plan.edit(app.layout, wrapLayout, layoutLines);
  const route = findRoute(app);
  if (route === undefined) {
    plan.create(signalsPath(app), signalsText);
    plan.create(routePath(app), routeText(app));
  } else if (!readText(app.folder, route).includes("createReactiveRoute"))
    plan.leave(route, "another route is there", routeText(app).trim().split("\n"));
  return plan.plan;
}

/** What takes {@link planInit} back: files that were changed since stay. */
export function planUndo(app: App): Plan {
  const plan = new PlanMaker(app);
  if (app.config !== undefined && readText(app.folder, app.config) === configText) plan.remove(app.config);
  else if (app.config !== undefined) plan.edit(app.config, unwrapConfig, ["Take withKawa() away."]);
  if (app.layout !== undefined) plan.edit(app.layout, unwrapLayout, ["Take <LiveUpdates> away."]);
  const route = findRoute(app);
  if (route !== undefined && readText(app.folder, route) === routeText(app)) plan.remove(route);
  const signals = signalsPath(app);
  if (existsSync(join(app.folder, signals)) && readText(app.folder, signals) === signalsText) plan.remove(signals);
  return plan.plan;
}

class PlanMaker {
  readonly #app: App;
  readonly #changes: FileChange[] = [];
  readonly #byHand: ByHand[] = [];

  constructor(app: App) {
    this.#app = app;
  }

  get plan(): Plan {
    return { changes: this.#changes, byHand: this.#byHand };
  }

  /** A file that is there already is the app's own. */
  create(path: string, after: string): void {
    if (!existsSync(join(this.#app.folder, path))) this.#changes.push({ path, before: undefined, after });
  }

  remove(path: string): void {
    this.#changes.push({ path, before: readText(this.#app.folder, path), after: undefined });
  }

  leave(path: string, why: string, lines: readonly string[]): void {
    this.#byHand.push({ path, why, lines });
  }

  edit(path: string, editor: (folder: string, text: string) => Edited, lines: readonly string[]): void {
    const before = readText(this.#app.folder, path);
    const edited = editorResult(editor, this.#app.folder, before);
    if ("refused" in edited) this.leave(path, edited.refused, lines);
    else if (edited.text !== before) this.#changes.push({ path, before, after: edited.text });
  }
}

function editorResult(editor: (folder: string, text: string) => Edited, folder: string, text: string): Edited {
  try {
    return editor(folder, text);
  } catch (error) {
    return { refused: `it cannot be read: ${error instanceof Error ? error.message : String(error)}` };
  }
}

const configText = `${configLines[0]}\n\nexport default withKawa();\n`;

const signalsText = `import { namespace } from "kawa";

const app = namespace("app");
export const counter = app.signal("counter", 0);
`;

function newConfig({ isTypeScript }: App): string {
  return isTypeScript ? "next.config.ts" : "next.config.mjs";
}

function endingOf({ isTypeScript }: App): string {
  return isTypeScript ? "ts" : "js";
}

function signalsPath(app: App): string {
  const known = ["ts", "tsx", "js", "mjs"].map((ending) => `${app.source}lib/signals.${ending}`);
  return known.find((path) => existsSync(join(app.folder, path))) ?? `${app.source}lib/signals.${endingOf(app)}`;
}

function routePath(app: App): string {
  return `${app.source}app/api/reactive/route.${endingOf(app)}`;
}

export function findRoute(app: App): string | undefined {
  const paths = ["ts", "js", "mjs"].map((ending) => `${app.source}app/api/reactive/route.${ending}`);
  return paths.find((path) => existsSync(join(app.folder, path)));
}

function routeText(app: App): string {
  const way = posix.relative(posix.dirname(routePath(app)), `${app.source}lib/signals`);
  return `import { createReactiveRoute } from "kawa/next";
import * as signals from "${app.alias === undefined ? way : `${app.alias}lib/signals`}";

export const { GET, POST, PUT } = createReactiveRoute({ signals });
`;
}
