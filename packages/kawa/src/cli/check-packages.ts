import { readFileSync } from "node:fs";
import { join } from "node:path";
import { installedPackage, readManifest } from "../rivetkit/settings/installed-package.ts";
import { leanInstall, needlessPackages } from "../rivetkit/settings/lean-install.ts";
import { otherKawaHint } from "../rivetkit/settings/other-kawa.ts";
import { addCommand } from "../rivetkit/settings/package-manager.ts";
import { type App, requireOfNext } from "./app.ts";
import type { Finding } from "./doctor.ts";

type Semver = { readonly satisfies: (version: string, range: string) => boolean };

type OwnManifest = {
  readonly name: string;
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly peerDependencies: Readonly<Record<string, string>>;
};

const needed = ["next", "react", "react-dom", "rivetkit"];

/** Versions of Node and of what Kawa needs, whose package `kawa` is, and what was installed for nothing. */
export function checkPackages({ folder, packageManager }: App): Finding[] {
  const own: OwnManifest = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
  const { satisfies } = requireOfNext<Semver>(folder, "semver");
  const versions = needed.map((name): Finding => {
    const range = own.peerDependencies[name]!;
    const found = versionOf(folder, name);
    const line = addCommand(packageManager, `"${name}@${publishedAs(name, range, own.name)}"`);
    if (found === undefined) return { state: "wrong", text: `${name} is not installed`, line };
    if (satisfies(found, range)) return { state: "right", text: `${name} ${found}` };
    return { state: "wrong", text: `${name} is ${found}, and Kawa ${own.version} needs ${range}`, line };
  });
  return [
    checkNode(satisfies, own.engines.node),
    checkKawa(folder, own.name),
    ...versions,
    ...checkLean(folder, packageManager),
  ];
}

/**
 * What an app installs under the name of a package. RivetKit with a shorter list of dependencies is beside Kawa, in its scope.
 *
 * @param kawa what this package is called on npm
 */
export function publishedAs(name: string, range: string, kawa: string): string {
  const [scope] = /^@[^/]+(?=\/)/.exec(kawa) ?? [];
  return name === "rivetkit" && scope !== undefined ? `npm:${scope}/rivetkit@${range}` : range;
}

function versionOf(folder: string, name: string): string | undefined {
  const found = installedPackage(name, folder);
  return found === undefined ? undefined : readManifest(found).version;
}

function checkNode(satisfies: Semver["satisfies"], range: string): Finding {
  const { node } = process.versions;
  return satisfies(node, range)
    ? { state: "right", text: `Node ${node}` }
    : { state: "wrong", text: `Node is ${node}, and Kawa needs ${range}`, line: "nvm install 24" };
}

function checkKawa(folder: string, published: string): Finding {
  const other = otherKawaHint(folder, published);
  if (other !== undefined) return { state: "wrong", text: other };
  const version = versionOf(folder, "kawa");
  return version === undefined
    ? { state: "wrong", text: `The app has no package "kawa"`, line: `Install ${published} under the name kawa.` }
    : { state: "right", text: `kawa ${version}` };
}

function checkLean(folder: string, manager: App["packageManager"]): Finding[] {
  const needless = needlessPackages(folder);
  if (needless.length === 0) return [];
  const { file, lines } = leanInstall(manager);
  const text =
    `rivetkit has installed packages that Kawa never loads: ${needless.join(", ")}. Add to ${file}, delete node_modules and the lock ` +
    `file, and install again:`;
  return [{ state: "hint", text, line: lines }];
}
