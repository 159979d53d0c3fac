import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A program that installs packages. `yarn` is its first version, `yarn-berry` all later ones. */
export type PackageManager = "npm" | "pnpm" | "yarn" | "yarn-berry" | "bun";

const lockFiles: readonly (readonly [name: string, manager: PackageManager])[] = [
  ["pnpm-lock.yaml", "pnpm"],
  ["bun.lock", "bun"],
  ["bun.lockb", "bun"],
  ["yarn.lock", "yarn"],
  ["package-lock.json", "npm"],
  ["npm-shrinkwrap.json", "npm"],
];

/**
 * The package manager of the app in `folder`: its lock file tells, there or further up, as in a workspace.
 *
 * @param folder absolute path
 * @returns "npm" where there is no lock file
 */
export function packageManagerOf(folder: string): PackageManager {
  const found = lockFiles.find(([name]) => existsSync(join(/*turbopackIgnore: true*/ folder, name)));
  if (found !== undefined) {
    const [name, manager] = found;
    return manager === "yarn" && isOfBerry(join(/*turbopackIgnore: true*/ folder, name)) ? "yarn-berry" : manager;
  }
  const parent = dirname(folder);
  return parent === folder ? "npm" : packageManagerOf(parent);
}

function isOfBerry(lockFile: string): boolean {
  return readFileSync(lockFile, "utf8").includes("\n__metadata:");
}

const addCommands: Readonly<Record<PackageManager, string>> = {
  npm: "npm install",
  pnpm: "pnpm add",
  yarn: "yarn add",
  "yarn-berry": "yarn add",
  bun: "bun add",
};

/** A command that adds packages to an app, such as "pnpm add next react". */
export function addCommand(manager: PackageManager, ...packages: readonly string[]): string {
  return [addCommands[manager], ...packages].join(" ");
}
