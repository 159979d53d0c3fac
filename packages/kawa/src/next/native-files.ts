import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { hostingOf } from "../rivetkit/settings/hosting.ts";
import { type Manifest, readManifest } from "../rivetkit/settings/installed-package.ts";

/**
 * Patterns of the files with native code that a server needs: the engine, which is started by its path, and RivetKit's runtime, which is
 * imported by a name that is put together. The tracing of `next build` sees neither of them. Where no actors live in the server, it starts no
 * engine: the 97 MB would only fill a function.
 *
 * @param app folder of the app
 * @param from a file of Kawa where it is installed
 */
export function nativeFiles(app: string = process.cwd(), from: string = fileURLToPath(import.meta.url)): string[] {
  const { resolve } = createRequire(from);
  const runtime = lookUp(packageOf(resolve("rivetkit")), "@rivetkit/rivetkit-napi");
  const folders = [
    ...(hostingOf(undefined) === "runner" ? platformPackages(packageOf(resolve("@rivetkit/engine-cli")), app) : []),
    ...(runtime === undefined ? [] : [runtime, ...platformPackages(runtime, app)]),
  ];
  return folders.map((folder) => `${relative(app, folder).split(sep).join("/")}/*`);
}

/** What a package has for this platform, where Node will look for it; or in the app, which has installed it itself. */
function platformPackages(folder: string, app: string): string[] {
  const { optionalDependencies = {} } = readManifest(folder) as Manifest & { optionalDependencies?: object };
  return Object.keys(optionalDependencies).flatMap((name) => lookUp(folder, name) ?? lookUp(app, name) ?? []);
}

/** The folder of a package from where another one is imported, as Node finds it, and with the symbolic links on its way. */
function lookUp(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = join(folder, "node_modules", name);
    if (existsSync(found)) return found;
    if (folder === dirname(folder)) return undefined;
  }
}

/** The folder of the package that a file belongs to. */
function packageOf(file: string): string {
  for (let folder = dirname(realpathSync(file)); folder !== dirname(folder); folder = dirname(folder)) {
    if (readManifest(folder).name !== undefined) return folder;
  }
  return dirname(file);
}
