import { cpSync, existsSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { AppFolder } from "./app-folder.ts";

/** Copies a standalone build to another place, as an image does. Returns the folder of its `server.js`. */
export function deploy({ root, app }: AppFolder, to: string): string {
  const build = join(app, ".next/standalone");
  cpSync(build, to, { recursive: true, verbatimSymlinks: true });
  const target = join(to, relative(root, app));
  if (!existsSync(join(target, "server.js")))
    throw new Error(`There is no server.js in ${relative(to, target) || "."}.`);
  cpSync(join(app, ".next/static"), join(target, ".next/static"), { recursive: true });
  if (existsSync(join(app, "public")) && statSync(join(app, "public")).isDirectory()) {
    cpSync(join(app, "public"), join(target, "public"), { recursive: true });
  }
  return target;
}
