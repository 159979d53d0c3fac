import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const cache = join(import.meta.dirname, "../node_modules/.cache/kawa-tools");

/** Installs an npm package in a folder of its own, keeps it there for the next time, and returns that folder's `node_modules`. */
export function toolModules(packageSpec: string): string {
  const folder = join(cache, packageSpec.replaceAll("/", "+"));
  const modules = join(folder, "node_modules");
  if (existsSync(modules)) return modules;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
  try {
    execFileSync("npm", ["install", "--silent", packageSpec], { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return modules;
}

/** Node in a version such as "22", as npm has it for this machine. */
export function nodeBinary(version: string): string {
  const name = `node-${process.platform}-${process.arch}`;
  return join(toolModules(`${name}@${version}`), name, "bin/node");
}
