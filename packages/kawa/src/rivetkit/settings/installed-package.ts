import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The folder of a package as code in `from` would find it, in `node_modules` there or further up; undefined where it is not installed.
 * `exports` of a package, which may hide its package.json, do not matter.
 *
 * @param from absolute path
 */
export function installedPackage(name: string, from: string): string | undefined {
  const folder = join(/*turbopackIgnore: true*/ from, "node_modules", name);
  if (existsSync(join(/*turbopackIgnore: true*/ folder, "package.json"))) return realpathSync(folder);
  const parent = dirname(from);
  return parent === from ? undefined : installedPackage(name, parent);
}

/** What Kawa looks at in a package.json. */
export type Manifest = {
  readonly name?: string;
  readonly version?: string;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
};

/** The package.json in a folder; an empty one where there is none, or none that can be read. */
export function readManifest(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(join(/*turbopackIgnore: true*/ folder, "package.json"), "utf8")) as Manifest;
  } catch {
    return {};
  }
}
