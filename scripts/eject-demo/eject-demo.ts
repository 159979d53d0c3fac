import { execFileSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { demoFiles, demoTests, replacements } from "../demo-files.ts";

// Deletes the demo and leaves an app with one live page.

const root = join(import.meta.dirname, "../..");

/** What git could not bring back; undefined where there is no repository. */
function unsavedChanges(): string | undefined {
  try {
    return execFileSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return undefined;
  }
}

/** What is not as it was when this script was written: then it does nothing rather than half of it. */
function surprises(): string[] {
  const missing = [...demoFiles, ...demoTests].filter((path) => !existsSync(join(root, path)));
  const changed = replacements.filter(({ file, from }) => !readFileSync(join(root, file), "utf8").includes(from));
  return [
    ...missing.map((path) => `${path} is missing`),
    ...changed.map(({ file, from }) => `${file} does not contain "${from}"`),
  ];
}

function replaceIn(file: string, from: string, to: string): void {
  const path = join(root, file);
  writeFileSync(path, readFileSync(path, "utf8").replace(from, to));
}

function refuse(why: string): never {
  console.error(why);
  process.exit(1);
}

function removeOwnScripts(): void {
  const path = join(root, "package.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as { scripts: Record<string, string> };
  delete manifest.scripts["eject-demo"];
  writeFileSync(path, `${JSON.stringify(manifest, null, 2)}\n`);
  rmSync(import.meta.dirname, { recursive: true });
}

/** The map in README.md names what is gone. */
function shortenMap(): void {
  const path = join(root, "README.md");
  if (!existsSync(path)) return;
  const text = readFileSync(path, "utf8");
  writeFileSync(path, text.replace(/^\| demo \|.*\n/m, "").replace(/^The demo lets everybody.*\n\n/m, ""));
}

const unsaved = unsavedChanges();
if (unsaved !== "" && !process.argv.includes("--yes")) {
  const why =
    unsaved === undefined ? "This folder is no git repository." : `There are changes without a commit:\n${unsaved}`;
  refuse(`${why}\nWhat is deleted could not be brought back. Commit first, or run "npm run eject-demo -- --yes".`);
}
const unexpected = surprises();
if (unexpected.length > 0) refuse(`Nothing was changed, because the demo is not as it came:\n${unexpected.join("\n")}`);
for (const path of [...demoFiles, ...demoTests]) rmSync(join(root, path), { recursive: true });
for (const { file, from, to } of replacements) replaceIn(file, from, to);
cpSync(join(import.meta.dirname, "clean-app"), root, { recursive: true });
shortenMap();
removeOwnScripts();
console.log(
  `The demo is gone. Your app is in app, lib and actors: "npm run dev" shows its page, docs/recipe.md builds the next one.`,
);
