import { installedPackage, readManifest } from "./installed-package.ts";
import { type PackageManager, packageManagerOf } from "./package-manager.ts";

/** What RivetKit installs and Kawa never loads. */
const neverLoaded = ["@hono/zod-openapi", "@rivet-dev/agent-os-core", "@rivet-dev/services", "drizzle-orm"] as const;

/** An npm package without any file. */
const empty = "npm:empty-npm-package@1.0.0";

/** Lines that an app adds to a file at its root, or at that of its workspace. */
export type LinesToAdd = { readonly file: string; readonly lines: string };

/**
 * What to add where an app installs RivetKit as it is published, so that the packages which Kawa never loads are left out. What the app or
 * another package of it installs under these names stays. After it, the app is installed anew.
 */
export function leanInstall(manager: PackageManager): LinesToAdd {
  if (manager === "pnpm") {
    // "-" removes a dependency.
    const lines = neverLoaded.map((name) => `  "rivetkit>${name}": "-"`);
    return { file: "pnpm-workspace.yaml", lines: ["overrides:", ...lines].join("\n") };
  }
  const isYarn = manager === "yarn" || manager === "yarn-berry";
  const entries = Object.fromEntries(neverLoaded.map((name) => [isYarn ? `rivetkit/${name}` : name, empty]));
  const fields = isYarn ? { resolutions: entries } : { overrides: { rivetkit: entries } };
  // As it stands in package.json, between its braces.
  const lines = JSON.stringify(fields, null, 2).split("\n").slice(1, -1);
  return { file: "package.json", lines: lines.join("\n") };
}

/**
 * The packages which the RivetKit of the app in `folder` has brought and Kawa never loads. None where there is no RivetKit, and none that
 * the app asks for itself.
 *
 * @param folder absolute path of the folder with the app's package.json
 */
export function needlessPackages(folder: string): readonly string[] {
  const rivetkit = installedPackage("rivetkit", folder);
  if (rivetkit === undefined) return [];
  const { dependencies } = readManifest(rivetkit);
  const own = readManifest(folder);
  const ofApp = { ...own.dependencies, ...own.devDependencies };
  return neverLoaded.filter((name) => name in { ...dependencies } && !(name in ofApp) && isItself(name, rivetkit));
}

/**
 * What to tell people whose app has packages that Kawa never loads; undefined where there are none.
 *
 * @param folder absolute path of the folder with the app's package.json
 */
export function leanInstallHint(folder: string): string | undefined {
  const needless = needlessPackages(folder);
  if (needless.length === 0) return undefined;
  const { file, lines } = leanInstall(packageManagerOf(folder));
  return (
    `rivetkit has installed packages that Kawa never loads, about 1.4 GB: ${needless.join(", ")}. ` +
    `To leave them out, add this to ${file}, delete node_modules and the lock file, and install again:\n\n${lines}\n`
  );
}

/** Whether the package is installed, and not an empty one under its name. */
function isItself(name: string, from: string): boolean {
  const folder = installedPackage(name, from);
  return folder !== undefined && readManifest(folder).name === name;
}
