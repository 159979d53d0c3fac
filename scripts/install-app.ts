import { execFileSync } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { copyTree } from "../e2e/support/dev-copy.ts";
import { engineVersions } from "../packages/kawa/src/rivetkit/engine/binary.ts";
import { leanInstall } from "../packages/kawa/src/rivetkit/settings/lean-install.ts";
import type { PackageManager } from "../packages/kawa/src/rivetkit/settings/package-manager.ts";
import { packRivetkit } from "./pack-rivetkit.ts";
import { toolModules } from "./tools.ts";

const root = join(import.meta.dirname, "..");

/** What a package manager is called here, the package that it comes in, and its command. */
const managers = {
  npm: undefined,
  pnpm: { packageSpec: "pnpm@12.21.0", command: "pnpm", kind: "pnpm" },
  "pnpm-10": { packageSpec: "pnpm@10.34.9", command: "pnpm", kind: "pnpm" },
  yarn: { packageSpec: "yarn@1.22.22", command: "yarn", kind: "yarn" },
  "yarn-berry": { packageSpec: "@yarnpkg/cli-dist@4.18.1", command: "yarn", kind: "yarn-berry" },
} as const;
export type Manager = keyof typeof managers;
const kindOf = (manager: Manager): PackageManager => managers[manager]?.kind ?? "npm";

/**
 * How RivetKit is installed: `lean` as `packRivetkit` makes it, `overrides` as it is published, with the lines of `leanInstall`, and `bare`
 * as it is published.
 */
export type Form = "lean" | "overrides" | "bare";

export interface InstallOptions {
  /** Tarball of Kawa. */
  readonly tarball: string;
  /** Default: "npm". */
  readonly manager?: Manager;
  /** Default: "lean". */
  readonly form?: Form;
  /** Starts with an empty cache, as on a machine that has installed nothing yet. Default: false. */
  readonly isCold?: boolean;
  /** Written into the app's package.json. */
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** The Node that runs the package manager. Default: the one that runs this. */
  readonly node?: string;
}

type Manifest = Record<"dependencies" | "devDependencies" | "overrides", Record<string, string>>;
const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;

const pick = (packages: Record<string, string>, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, packages[name]!]));

/** Copies a fixture into the folder and installs Kawa's tarball there, and what an app needs beside it. Prints the time and the size. */
export function installApp(folder: string, fixture: string, options: InstallOptions): void {
  cpSync(fixture, folder, {
    recursive: true,
    filter: (path) => !/\/(\.next|\.rivet|node_modules)(\/|$)/.test(path),
  });
  const { manager = "npm", form = "lean", isCold = false, node = process.execPath } = options;
  if (!(manager in managers)) throw new Error(`--manager is one of ${Object.keys(managers).join(", ")}.`);
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifestOf(options), null, 2));
  if (kindOf(manager) === "pnpm") appendFileSync(join(folder, "pnpm-workspace.yaml"), pnpmLines);
  if (form === "overrides") addLines(folder, manager);
  const cache = mkdtempSync(join(tmpdir(), "kawa-cache-"));
  try {
    const { command, args, env } = commandOf(manager, folder, isCold ? cache : undefined);
    const path = `${dirname(node)}${delimiter}${process.env["PATH"]}`;
    const startedAt = performance.now();
    execFileSync(command, args, {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...env, PATH: path },
    });
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const [size] = execFileSync("du", ["-sm", "node_modules"], { cwd: folder, encoding: "utf8" }).split("\t");
    console.log(`install, ${manager}, ${form}${isCold ? ", empty cache" : ""}: ${seconds} s, ${size} MB`);
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

/** Gives the folder what an install would have brought: the packages of this repository, which are quick to link. Kawa is not among them. */
export async function linkPackages(folder: string, options: InstallOptions): Promise<void> {
  const modules = join(folder, "node_modules");
  if (!existsSync(modules)) await copyTree(join(root, "node_modules"), modules, { isLinked: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifestOf(options), null, 2));
}

/** What `pnpm add --allow-build='!cbor-extract'` writes. */
const pnpmLines = "allowBuilds:\n  cbor-extract: false\n";

function manifestOf({ tarball, manager = "npm", form = "lean", manifest }: InstallOptions): Record<string, unknown> {
  const rivetkit = form === "lean" ? { rivetkit: `file:${packRivetkit()}` } : pick(own.dependencies, ["rivetkit"]);
  return {
    name: "installed-app",
    private: true,
    type: "module",
    ...manifest,
    dependencies: {
      kawa: `file:${tarball}`,
      ...rivetkit,
      ...(kindOf(manager) === "pnpm" && engineOfPnpm()),
      ...pick(own.dependencies, ["next", "react", "react-dom"]),
    },
    devDependencies: pick(own.devDependencies, ["@types/node", "@types/react", "@types/react-dom", "typescript"]),
    ...(kindOf(manager).startsWith("yarn") && { resolutions: ofOtherPlatforms() }),
  };
}

/**
 * Yarn looks up the packages of all platforms before it installs those of this one, and ends where a registry lacks one: some hold what one
 * platform needs.
 */
function ofOtherPlatforms(): Record<string, string> {
  const names = ["@rivetkit/engine-cli", "@rivetkit/rivetkit-napi"].flatMap(platformPackages);
  const others = names.filter((name) => !isInstalledHere(name));
  const none = Object.fromEntries(others.map((name) => [name, "npm:empty-npm-package@1.0.0"]));
  return { ...none, ...pick(own.overrides, ["cbor-extract"]) };
}

/** pnpm takes the name of the Linux engine for one that runs with musl alone, and leaves it out where it is only optional. */
function engineOfPnpm(): Record<string, string> {
  const name = platformPackages("@rivetkit/engine-cli").find((each) => isInstalledHere(each) && each.endsWith("-musl"));
  return name === undefined ? {} : { [name]: engineVersions };
}

/** What a package has for each platform. */
function platformPackages(name: string): string[] {
  const text = readFileSync(join(root, "node_modules", name, "package.json"), "utf8");
  return Object.keys((JSON.parse(text) as { optionalDependencies: object }).optionalDependencies);
}

const isInstalledHere = (name: string): boolean => existsSync(join(root, "node_modules", name));

/** As somebody does who was told to. */
function addLines(folder: string, manager: Manager): void {
  const { file, lines } = leanInstall(kindOf(manager));
  const path = join(folder, file);
  if (file !== "package.json") return appendFileSync(path, `${lines}\n`);
  const manifest = JSON.parse(readFileSync(path, "utf8")) as Partial<Record<string, object>>;
  for (const [field, entries] of Object.entries(JSON.parse(`{${lines}}`) as Record<string, object>)) {
    manifest[field] = { ...manifest[field], ...entries };
  }
  writeFileSync(path, JSON.stringify(manifest, null, 2));
}

type Command = { command: string; args: string[]; env: Record<string, string> };

function commandOf(manager: Manager, folder: string, cache: string | undefined): Command {
  const tool = managers[manager];
  const command = tool === undefined ? "npm" : join(toolModules(tool.packageSpec), ".bin", tool.command);
  const args = ["install"];
  const env: Record<string, string> = {};
  if (manager === "npm") {
    if (cache === undefined) args.push("--prefer-offline");
    else env["npm_config_cache"] = cache;
  } else if (manager === "yarn") {
    args.push("--prefer-offline", "--non-interactive", "--no-progress");
    if (cache !== undefined) args.push("--cache-folder", cache);
  } else if (manager === "yarn-berry") {
    // Without it, a yarn.lock further up is the app's.
    writeFileSync(join(folder, "yarn.lock"), "");
    writeFileSync(join(folder, ".yarnrc.yml"), "nodeLinker: node-modules\nenableTelemetry: false\n");
    env["YARN_ENABLE_IMMUTABLE_INSTALLS"] = "false";
    if (cache !== undefined) env["YARN_GLOBAL_FOLDER"] = cache;
  } else {
    if (cache === undefined) args.push("--prefer-offline");
    else args.push("--store-dir", join(cache, "store"), "--cache-dir", join(cache, "metadata"));
  }
  return { command, args, env };
}
