import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type App, installed, requireOfNext } from "./app.ts";
import type { Finding } from "./doctor.ts";

type Semver = { readonly satisfies: (version: string, range: string) => boolean };

type Manifest = {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly peerDependencies: Readonly<Record<string, string>>;
};

const needed = ["next", "react", "react-dom", "rivetkit"];

/** Versions of Node and of what Kawa needs, and whose package `kawa` is. */
export function checkPackages({ folder, packageManager }: App): Finding[] {
  const { engines, peerDependencies, version }: Manifest = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"),
  );
  const { satisfies } = requireOfNext<Semver>(folder, "semver");
  const add = packageManager === "npm" ? "npm install" : `${packageManager} add`;
  const versions = needed.map((name): Finding => {
    const range = peerDependencies[name]!;
    const found = installed(folder, name)?.["version"];
    const line = `${add} "${name}@${range}"`;
    if (typeof found !== "string") return { state: "wrong", text: `${name} is not installed`, line };
    if (satisfies(found, range)) return { state: "right", text: `${name} ${found}` };
    return { state: "wrong", text: `${name} is ${found}, and Kawa ${version} needs ${range}`, line };
  });
  return [checkNode(satisfies, engines.node), checkKawa(folder), ...versions];
}

function checkNode(satisfies: Semver["satisfies"], range: string): Finding {
  const { node } = process.versions;
  return satisfies(node, range)
    ? { state: "right", text: `Node ${node}` }
    : { state: "wrong", text: `Node is ${node}, and Kawa needs ${range}`, line: "nvm install 24" };
}

/** The package of this name in the registry is somebody else's. */
function checkKawa(folder: string): Finding {
  const found = installed(folder, "kawa");
  const exported = (found?.["exports"] ?? {}) as Record<string, unknown>;
  if (found && "./rivetkit" in exported) return { state: "right", text: `kawa ${String(found["version"])}` };
  return {
    state: "wrong",
    text: found
      ? `The package "kawa" that is installed is another one, of the same name (${String(found["version"])})`
      : `The app has no package "kawa"`,
    line: "Install Kawa as its README says: the name alone gives the other package.",
  };
}
