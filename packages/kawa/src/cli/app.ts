import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** An app of somebody, as the tool finds it on the disk. Paths are from its folder, with slashes. */
export type App = {
  readonly folder: string;
  /** Where its code is: `src/` or nowhere in particular. */
  readonly source: "" | "src/";
  readonly isTypeScript: boolean;
  /** How its modules name each other from the top: `@/lib/signals`. Undefined where they do not. */
  readonly alias: "@/" | undefined;
  readonly packageManager: "npm" | "pnpm" | "yarn" | "bun";
  readonly config: string | undefined;
  readonly layout: string | undefined;
  readonly instrumentation: string | undefined;
  readonly middleware: string | undefined;
  /** Empty where the app is at the root of its host, or says so in a way that only running it tells. */
  readonly basePath: string;
};

/** Undefined where there is no app of Next with an `app` folder. */
export function findApp(folder: string): App | undefined {
  const has = (path: string): boolean => existsSync(join(folder, path));
  const first = (...paths: string[]): string | undefined => paths.find(has);
  const source = has("app") ? "" : has("src/app") ? "src/" : undefined;
  if (source === undefined || !has("package.json") || installed(folder, "next") === undefined) return undefined;
  const config = first(...["ts", "mts", "mjs", "js"].map((ending) => `next.config.${ending}`));
  const module = (name: string): string | undefined => first(...["ts", "js", "mjs"].map((end) => `${source}${name}.${end}`));
  return {
    folder,
    source,
    isTypeScript: has("tsconfig.json"),
    alias: findAlias(folder, source),
    packageManager: findPackageManager(folder),
    config,
    layout: first(...["tsx", "jsx", "js"].map((ending) => `${source}app/layout.${ending}`)),
    instrumentation: module("instrumentation"),
    middleware: module("proxy") ?? module("middleware"),
    basePath: config === undefined ? "" : (/\bbasePath:\s*["'`](\/[^"'`$]+)["'`]/.exec(readText(folder, config))?.[1] ?? ""),
  };
}

export function readText(folder: string, path: string): string {
  return readFileSync(join(folder, path), "utf8");
}

/** The manifest of a package as a module in `folder` would find it. */
export function installed(folder: string, name: string): Record<string, unknown> | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, "node_modules", name, "package.json");
    if (existsSync(path)) return JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
    if (at === dirname(at)) return undefined;
  }
}

/** Loads a module that Next brings along. */
export function requireOfNext<T>(folder: string, path: string): T {
  return createRequire(join(folder, "package.json"))(`next/dist/compiled/${path}`) as T;
}

function findAlias(folder: string, source: string): "@/" | undefined {
  const path = ["tsconfig.json", "jsconfig.json"].find((name) => existsSync(join(folder, name)));
  const target = source === "" ? String.raw`\./` : String.raw`\./src/`;
  const pattern = new RegExp(String.raw`"@/\*"\s*:\s*\[\s*"(?:${target}|${target.replace(String.raw`\./`, "")})\*"`);
  return path !== undefined && pattern.test(readText(folder, path)) ? "@/" : undefined;
}

const lockFiles = [
  ["pnpm-lock.yaml", "pnpm"],
  ["yarn.lock", "yarn"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["package-lock.json", "npm"],
] as const;

function findPackageManager(folder: string): App["packageManager"] {
  for (let at = folder; ; at = dirname(at)) {
    const found = lockFiles.find(([file]) => existsSync(join(at, file)));
    if (found) return found[1];
    if (at === dirname(at)) return "npm";
  }
}
