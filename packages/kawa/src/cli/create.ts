import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import { realTerminal, type Terminal } from "./init.ts";

export type CreateOptions = {
  /** What `npm install` takes for the package `kawa`: a tarball, a version, another name. @default where this command was installed from */
  readonly kawa?: string | undefined;
  /** @default true */
  readonly install?: boolean;
  /** One page with one signal, without the demo. @default false */
  readonly isEmpty?: boolean;
  /** The folder of the starters. @default those that came with this package */
  readonly starter?: string;
};

type Manifest = { name: string; dependencies: Record<string, string> };

/** Makes a new app from the starter in `path`: its own name, its packages, and a first commit. Returns the exit code. */
export function create(path: string, options: CreateOptions = {}, terminal: Terminal = realTerminal): number {
  const folder = resolve(path);
  const starters = options.starter ?? join(import.meta.dirname, "../../starter");
  const starter = join(starters, options.isEmpty === true ? "empty" : "demo");
  const say = (text: string): 1 => {
    terminal.print(text);
    return 1;
  };
  if (!existsSync(starters)) return say("The starter comes with the packed package: clone the repository instead.");
  if (existsSync(folder) && readdirSync(folder).length > 0) return say(`${folder} is there already, and is not empty.`);
  const name = basename(folder);
  if (!/^[a-z0-9][a-z0-9._-]{0,213}$/.test(name))
    return say(`"${name}" is no name of an npm package: a-z, 0-9, ".", "_" and "-".`);
  const kawa = options.kawa ?? installedFrom();
  if (kawa === undefined) return say("Say where Kawa comes from: --kawa <tarball or package>.");

  mkdirSync(folder, { recursive: true });
  cpSync(starter, folder, { recursive: true });
  // npm leaves a file of that name out of packages.
  renameSync(join(folder, "gitignore"), join(folder, ".gitignore"));
  const manifest = readJson(join(folder, "package.json")) as Manifest;
  manifest.name = name;
  manifest.dependencies["kawa"] = specifier(kawa);
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);

  if (options.install !== false && !run(folder, "npm", ["install"]))
    return say("npm install failed; its output is above.");
  if (!commit(folder)) terminal.print("There is no first commit: git is missing, or does not know your name.");
  terminal.print(
    `\nMade ${name}. Now:\n\n    cd ${relative(process.cwd(), folder) || "."}${options.install === false ? "\n    npm install" : ""}\n    npm run dev`,
  );
  return 0;
}

/**
 * The place from which npm has installed the package that this file belongs to, as the app around it names it, or as `npx` does, which
 * calls it by its own name.
 */
function installedFrom(): string | undefined {
  const [around] = /^.+?(?=[\\/]node_modules[\\/])/.exec(import.meta.dirname) ?? [];
  const path = around && join(around, "package.json");
  if (path === undefined || !existsSync(path)) return undefined;
  const { dependencies, devDependencies } = readJson(path) as Partial<Record<string, Record<string, string>>>;
  const { name: own } = readJson(join(import.meta.dirname, "../../package.json")) as Manifest;
  const known = { ...devDependencies, ...dependencies };
  const alias = known["kawa"];
  const named = alias ?? known[own];
  if (named === undefined) return undefined;
  if (named.startsWith("file:")) return resolve(around!, named.slice("file:".length));
  return alias === undefined ? `npm:${own}@${named}` : named;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** A file is named from everywhere. */
function specifier(kawa: string): string {
  return isAbsolute(kawa) || existsSync(kawa) ? `file:${resolve(kawa)}` : kawa;
}

function commit(folder: string): boolean {
  return (
    run(folder, "git", ["init", "--quiet"]) &&
    run(folder, "git", ["add", "--all"]) &&
    run(folder, "git", ["commit", "--quiet", "--message", "The starter of Kawa"])
  );
}

function run(folder: string, command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { cwd: folder, stdio: "inherit" }).status === 0;
}
