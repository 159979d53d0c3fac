import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pack, stage } from "./pack.ts";

// Packs what a tag releases, and prints the path of the tarball: `npm run --silent release:tarball -- v1.2.3`.

const [tag = ""] = process.argv.slice(2);
const tarball = pack();
const { name, version } = JSON.parse(readFileSync(join(stage, "package.json"), "utf8")) as Record<string, string>;
if (tag !== `v${version}`) throw new Error(`The tag "${tag}" is not the version of the package, ${version}.`);
// The plain name is another package's.
if (!name!.startsWith("@")) throw new Error(`The package is published under a scope, not as "${name}".`);
console.log(tarball);
