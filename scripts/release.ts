import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pack } from "./pack.ts";
import { checkChanges, nextVersion, releaseKinds, splitChangelog } from "./release-notes.ts";

// Makes a release out of the commit that is checked out: tests, version, changelog, tarball, commit and tag. Nothing leaves this machine.
//
//     npm run release -- minor
//     npm run release -- minor --dry-run    all but the tests, the commit and the tag

const root = join(import.meta.dirname, "..");
const manifestPath = join(root, "packages/kawa/package.json");
const lockPath = join(root, "package-lock.json");
const changelogPath = join(root, "CHANGELOG.md");
const changed = [manifestPath, lockPath, changelogPath];

type Manifest = { name: string; version: string };

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim();
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8")) as T;
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

function expectCleanTree(when: string): void {
  const changes = git("status", "--porcelain");
  if (changes !== "") throw new Error(`${when} there are changes that are not committed:\n${changes}`);
}

function expectNewTag(tag: string): void {
  if (git("tag", "--list", tag) !== "") throw new Error(`The tag ${tag} is there already.`);
}

function setVersion(version: string): void {
  writeJson(manifestPath, { ...readJson<Manifest>(manifestPath), version });
  const lock = readJson<{ packages: Record<string, Partial<Manifest>> }>(lockPath);
  lock.packages["packages/kawa"]!.version = version;
  writeJson(lockPath, lock);
}

function release(): void {
  const [kind, ...flags] = process.argv.slice(2);
  const isDryRun = flags.includes("--dry-run");
  if (!releaseKinds.some((known) => known === kind) || flags.some((flag) => flag !== "--dry-run")) {
    throw new Error(`Usage: npm run release -- <${releaseKinds.join("|")}> [--dry-run]`);
  }
  const version = nextVersion(readJson<Manifest>(manifestPath).version, kind as (typeof releaseKinds)[number]);
  const tag = `v${version}`;
  const { before, changes, after } = splitChangelog(readFileSync(changelogPath, "utf8"));
  checkChanges(changes, version);
  expectCleanTree("Before a release");
  expectNewTag(tag);
  if (!isDryRun) {
    execFileSync("npm", ["test"], { cwd: root, stdio: "inherit" });
    expectCleanTree("After the tests");
  }

  const today = new Date().toISOString().slice(0, 10);
  let tarball: string;
  try {
    setVersion(version);
    writeFileSync(
      changelogPath,
      `${before}\n\n## ${version} - ${today}\n\n${changes}\n${after === "" ? "" : `\n${after}`}`,
    );
    tarball = relative(root, pack());
    if (isDryRun) console.log(git("diff", "--unified=1"));
    else {
      git("commit", "--quiet", "--all", "--message", `chore: release ${version}`);
      // The lines of the changelog that begin with "#" are no comments.
      git("tag", "--annotate", tag, "--cleanup", "whitespace", "--message", `${tag}\n\n${changes}`);
    }
  } finally {
    // After a commit this changes nothing.
    git("checkout", "--quiet", "HEAD", "--", ...changed);
  }
  if (isDryRun) console.log(`Dry run: ${tarball} is packed. Nothing else has changed.`);
  else {
    console.log(`${tag} is tagged, and packed as ${tarball}. To publish it:
  git push --atomic origin HEAD ${tag}    # .github/workflows/release.yml tests, packs and publishes
or, without that workflow (a provenance needs a CI that npm knows):
  npm publish ${tarball} --provenance --access public`);
  }
}

try {
  release();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
