import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { installedPackage } from "../rivetkit/settings/installed-package.ts";
import { type PackageManager, packageManagerOf } from "../rivetkit/settings/package-manager.ts";

/** An app of somebody, as the tool finds it on the disk. Paths are from its folder, with slashes. */
export type App = {
  readonly folder: string;
  /** Where its code is: `src/` or nowhere in particular. */
  readonly source: "" | "src/";
  readonly isTypeScript: boolean;
  /** How its modules name each other from the top: `@/lib/signals`. Undefined where they do not. */
  readonly alias: "@/" | undefined;
  readonly packageManager: PackageManager;
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
  if (source === undefined || !has("package.json") || installedPackage("next", folder) === undefined) return undefined;
  const config = first(...["ts", "mts", "mjs", "js"].map((ending) => `next.config.${ending}`));
  const moduleOf = (name: string): string | undefined =>
    first(...["ts", "js", "mjs"].map((end) => `${source}${name}.${end}`));
  return {
    folder,
    source,
    isTypeScript: has("tsconfig.json"),
    alias: findAlias(folder, source),
    packageManager: packageManagerOf(folder),
    config,
    layout: first(...["tsx", "jsx", "js"].map((ending) => `${source}app/layout.${ending}`)),
    instrumentation: moduleOf("instrumentation"),
    middleware: moduleOf("proxy") ?? moduleOf("middleware"),
    basePath:
      config === undefined ? "" : (/\bbasePath:\s*["'`](\/[^"'`$]+)["'`]/.exec(readText(folder, config))?.[1] ?? ""),
  };
}

export function readText(folder: string, path: string): string {
  return readFileSync(join(folder, path), "utf8");
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
