import { execFileSync } from "node:child_process";
import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "..");
const source = join(root, "packages/kawa");
/** Whose packages they are on npm. Nobody owns the name yet, so `KAWA_SCOPE` tells it where they are published. */
export const scope = process.env["KAWA_SCOPE"] ?? "@kawa-placeholder";
/** What is published: compiled from the sources, which the workspace itself uses. */
export const stage = join(source, "dist");

/** Compiles the package, puts it together in `packages/kawa/dist` and returns the path of its tarball. */
export function pack(): string {
  rmSync(stage, { recursive: true, force: true });
  compile();
  writePackageJson();
  for (const name of ["README.md", "LICENSE", "CHANGELOG.md", "docs"]) {
    cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  const report = execFileSync("npm", ["pack", "--json", "--silent"], { cwd: stage, encoding: "utf8" });
  const [{ filename }] = JSON.parse(report) as [{ filename: string }];
  return join(stage, filename);
}

function compile(): void {
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", join(source, "tsconfig.build.json")], { stdio: "inherit" });
  for (const file of globSync(join(stage, "lib/**/*.js"))) {
    writeFileSync(file, readFileSync(file, "utf8").replace(workerAddress, '$1.js"'));
  }
}

/** `tsc` names compiled files in imports alone. */
const workerAddress = /(new URL\("\.\/[^"]+)\.ts"(?=, import\.meta\.url\))/g;

function writePackageJson(): void {
  const text = readFileSync(join(source, "package.json"), "utf8");
  const manifest = JSON.parse(text, (condition, value: unknown) =>
    typeof value === "string" ? toCompiledPath(value, condition === "types" ? ".d.ts" : ".js") : value,
  );
  // It keeps the sources from being published by accident.
  delete manifest.private;
  // The package `kawa` on npm is somebody else's: an app installs this one under that name.
  manifest.name = `${scope}/${manifest.name}`;
  writeFileSync(join(stage, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

function toCompiledPath(path: string, extension: ".js" | ".d.ts"): string {
  return path.replace(/^\.\/src\/(.+)\.tsx?$/, `./lib/$1${extension}`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(pack());
