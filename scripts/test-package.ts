import { execFile, execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
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

async function checkTypes(compiler: string, exactOptionalPropertyTypes: boolean): Promise<void> {
  const config = join(consumer, `tsconfig.${exactOptionalPropertyTypes}.json`);
  writeFileSync(
    config,
    JSON.stringify({ compilerOptions: { ...compilerOptions, exactOptionalPropertyTypes }, files: ["app.tsx"] }),
  );
  const output = await new Promise<string>((done, fail) =>
    execFile(process.execPath, [compiler, "-p", config, "--pretty", "false"], { cwd: consumer }, (error, stdout) =>
      !error || stdout.includes("error TS") ? done(stdout) : fail(error),
    ),
  );
  const errors = output.split("\n").filter((line) => line.includes("error TS") && !ofOthers.test(line));
  const { version } = createRequire(compiler)("../package.json") as { version: string };
  const name = `TypeScript ${version}${exactOptionalPropertyTypes ? ", exactOptionalPropertyTypes" : ""}`;
  if (errors.length > 0) throw new Error(`${name}:\n${errors.join("\n")}`);
  console.log(`${name}: no errors`);
}

/** The older one comes with are-the-types-wrong. */
const compilers = [
  join(root, "node_modules/typescript/bin/tsc"),
  join(root, "node_modules/@arethetypeswrong/core/node_modules/typescript/bin/tsc"),
];

const tarball = pack();
run("publint", [tarball, "--strict"]);
run("attw", [tarball, "--profile", "esm-only", "--format", "ascii"]);
install(tarball);
run("size-limit", [], { KAWA_SIZE_OF: join(consumer, "node_modules/kawa/lib") });
for (const compiler of compilers) {
  await Promise.all([true, false].map((isExact) => checkTypes(compiler, isExact)));
}
