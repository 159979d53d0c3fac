import { execFile, execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { builtinModules, createRequire } from "node:module";
import { dirname, join } from "node:path";
import { kawaErrorCodes } from "../packages/kawa/src/core/errors/error-codes.ts";
import { packRivetkit } from "./pack-rivetkit.ts";
import { pack, stage } from "./pack.ts";

// Checks what is published, as an app gets it: metadata, resolution, declarations, size.

const root = join(import.meta.dirname, "..");
const consumer = join(stage, "consumer");

/** Shows what a tool has said only when it fails. */
function run(command: string, args: readonly string[], env: Record<string, string> = {}): void {
  const { status, stdout, stderr } = spawnSync(join(root, "node_modules/.bin", command), args, {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw new Error(`${command} failed:\n${stdout}\n${stderr}`);
  console.log(`${command}: ok`);
}

/** An app that has installed the package. What it needs beside it is found further up. */
function install(tarball: string): void {
  const modules = join(consumer, "node_modules");
  mkdirSync(modules, { recursive: true });
  execFileSync("tar", ["-xzf", tarball, "-C", modules]);
  renameSync(join(modules, "package"), join(modules, "kawa"));
  copyFileSync(join(root, "packages/kawa/test/consumer/app.tsx"), join(consumer, "app.tsx"));
}

const compilerOptions = {
  target: "ES2023",
  lib: ["dom", "dom.iterable", "esnext"],
  module: "esnext",
  moduleResolution: "bundler",
  jsx: "react-jsx",
  types: ["node"],
  strict: true,
  noEmit: true,
  skipLibCheck: false,
};

/** Declarations of Next and RivetKit have errors of their own, which `skipLibCheck` hides in apps. */
const ofOthers = /^\S*node_modules\/(?!kawa\/)/;

type Settings = {
  readonly exactOptionalPropertyTypes?: boolean;
  /** Where the code will run, which bundlers know. Without them: what an editor and `next build` see. */
  readonly customConditions?: readonly string[];
};

const settingsOfApps: readonly Settings[] = [{}, { exactOptionalPropertyTypes: true }];
const settingsOfBundlers: readonly Settings[] = [
  { exactOptionalPropertyTypes: true, customConditions: ["react-server"] },
  { exactOptionalPropertyTypes: true, customConditions: ["browser"] },
];

async function checkTypes(tsc: string, settings: Settings): Promise<void> {
  const labels = [settings.exactOptionalPropertyTypes && "exactOptionalPropertyTypes", settings.customConditions?.[0]];
  const named = labels.filter(Boolean).join(", ");
  const config = join(consumer, `tsconfig.${named.replace(", ", ".")}.json`);
  writeFileSync(config, JSON.stringify({ compilerOptions: { ...compilerOptions, ...settings }, files: ["app.tsx"] }));
  const output = await new Promise<string>((done, fail) =>
    execFile(process.execPath, [tsc, "-p", config, "--pretty", "false"], { cwd: consumer }, (error, stdout) =>
      !error || stdout.includes("error TS") ? done(stdout) : fail(error),
    ),
  );
  const errors = output.split("\n").filter((line) => line.includes("error TS") && !ofOthers.test(line));
  const { version } = createRequire(tsc)("../package.json") as { version: string };
  const name = ["TypeScript", version, named].join(" ").trim();
  if (errors.length > 0) throw new Error(`${name}:\n${errors.join("\n")}`);
  console.log(`${name}: no errors`);
}

const compiler = join(root, "node_modules/typescript/bin/tsc");
/** It comes with are-the-types-wrong. */
const olderCompiler = join(root, "node_modules/@arethetypeswrong/core/node_modules/typescript/bin/tsc");

/** Files that are there, and kinds of files that are not. */
function checkFiles(tarball: string): void {
  const files = execFileSync("tar", ["-tzf", tarball], { encoding: "utf8" }).trim().split("\n");
  const wanted = ["README.md", "LICENSE", "CHANGELOG.md", ...kawaErrorCodes.map((code) => `docs/errors/${code}.md`)];
  const missing = wanted.filter((name) => !files.includes(`package/${name}`));
  // `kawa create` copies the starter, which is sources.
  const isSource = (name: string): boolean => /(?<!\.d)\.tsx?$/.test(name) && !name.startsWith("package/starter/");
  const strange = files.filter((name) => /\.test\.|\/test\//.test(name) || isSource(name));
  if (missing.length + strange.length > 0) throw new Error(`Missing: ${missing.join()}. Too much: ${strange.join()}`);
  console.log(`files: ${files.length}, with the page of each error and without tests`);
}

/** A script without a bundler imports what docs/plain-node.md shows. */
function checkPlainNode(): void {
  const code = `import { namespace } from "kawa"; import { initReactiveBackend } from "kawa/rivetkit"; import "kawa/rivetkit/storage";
    const counter = namespace("app").signal("counter", 1);
    await counter.update((count) => count + 1);
    if ((await counter.get()) !== 2 || typeof initReactiveBackend !== "function") process.exit(1);`;
  execFileSync(process.execPath, ["--input-type=module", "-e", code], { cwd: consumer, stdio: "inherit" });
  console.log("plain Node: ok");
}

/** Each package that a file of the shorter RivetKit imports by name is installed with it, or a peer. */
function checkRivetkit(tarball: string): void {
  const stage = dirname(tarball);
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(stage, "package.json"), "utf8")) as Manifest;
  const installed = [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
  // `rivetkit/test` is for tests, which have it.
  const known = new Set([...installed, ...builtinModules, "vitest"]);
  const imported = new Set<string>();
  for (const file of globSync(join(stage, "dist/tsup/**/*.{js,d.ts}"))) {
    for (const [, name] of readFileSync(file, "utf8").matchAll(importedPackage)) imported.add(name!);
  }
  const missing = [...imported].filter((name) => !known.has(name.replace(/^node:/, "")));
  if (missing.length > 0 || imported.size < 10) throw new Error(`RivetKit imports ${missing.join() || "too little"}.`);
  console.log(`rivetkit: ${imported.size} packages are imported, ${Object.keys(dependencies).length} are installed`);
}

type Manifest = Record<"dependencies" | "peerDependencies", Record<string, string>>;
const importedPackage = /^(?:import |(?! *\*).* from )["']((?:@[\w-]+\/)?[\w:-]+)(?:\/[^"']*)?["'];?$/gm;

const tarball = pack();
run("publint", [tarball, "--strict"]);
run("attw", [tarball, "--profile", "esm-only", "--format", "ascii"]);
checkFiles(tarball);
checkRivetkit(packRivetkit());
install(tarball);
checkPlainNode();
run("size-limit", [], { KAWA_SIZE_OF: join(consumer, "node_modules/kawa/lib") });
await Promise.all([...settingsOfApps, ...settingsOfBundlers].map((settings) => checkTypes(compiler, settings)));
await Promise.all(settingsOfApps.map((settings) => checkTypes(olderCompiler, settings)));
execFileSync(
  process.execPath,
  [join(import.meta.dirname, "test-apps.ts"), "--linked", "--tarball", tarball, "at-once"],
  {
    stdio: "inherit",
  },
);
