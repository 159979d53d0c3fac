import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { pack, scope, stage as kawaStage } from "./pack.ts";

const root = join(import.meta.dirname, "..");
const stage = join(kawaStage, "rivetkit");

/** No file of RivetKit imports them. */
const unused = ["@hono/zod-openapi", "@rivet-dev/services", "@rivetkit/traces", "uuid"];
/** Only `rivetkit/agent-os` and `rivetkit/db/drizzle` import them: an app that uses those installs them itself. */
const optional = ["@rivet-dev/agent-os-core", "drizzle-orm"];
/** Its declarations import it, but nothing installs it. */
const forgotten = { "@standard-schema/spec": "^1.0.0" };

type Manifest = {
  name: string;
  version: string;
  description: string;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};

/**
 * RivetKit, file by file as it is published, with a shorter list of dependencies: so an app that installs it under the name `rivetkit` needs
 * no `overrides`. Returns the path of its tarball.
 */
export function packRivetkit(): string {
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  const source = join(root, "node_modules/rivetkit");
  cpSync(join(source, "dist"), join(stage, "dist"), { recursive: true });
  for (const name of ["LICENSE", "README.md"]) cpSync(join(root, "scripts/rivetkit", name), join(stage, name));
  const manifest = shorten(JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as Manifest);
  writeFileSync(join(stage, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const report = execFileSync("npm", ["pack", "--json", "--silent"], { cwd: stage, encoding: "utf8" });
  const [{ filename }] = JSON.parse(report) as [{ filename: string }];
  return join(stage, filename);
}

function shorten(manifest: Manifest): Manifest {
  const { scripts: _scripts, devDependencies: _tools, ...kept } = manifest as Manifest & Record<string, unknown>;
  const dependencies: Record<string, string> = { ...manifest.dependencies, ...forgotten };
  const peerDependencies = { ...manifest.peerDependencies };
  const peerDependenciesMeta = { ...manifest.peerDependenciesMeta };
  for (const name of [...unused, ...optional]) {
    const range = dependencies[name];
    if (range === undefined) throw new Error(`rivetkit ${manifest.version} does not depend on ${name} any more.`);
    delete dependencies[name];
    if (!optional.includes(name)) continue;
    peerDependencies[name] = range;
    peerDependenciesMeta[name] = { optional: true };
  }
  return {
    ...kept,
    name: `${scope}/rivetkit`,
    description: `RivetKit ${manifest.version} with a shorter list of dependencies. README.md says what was changed.`,
    dependencies,
    peerDependencies,
    peerDependenciesMeta,
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [kawa, rivetkit] = [pack(), packRivetkit()];
  console.log(`In an app that you have: npm install kawa@file:${kawa} rivetkit@file:${rivetkit}
A new app:               npx --package=${kawa} kawa create my-app --empty`);
}
