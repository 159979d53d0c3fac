import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { closedTo, rooms } from "../../../scripts/rooms.ts";
import { makeTempFolder } from "./support/temp-folder.ts";

const root = join(import.meta.dirname, "../../..");
const sources = "packages/kawa/src";

/** Lints files in a folder of their own with the rules of this repository. Returns what is said of imports, by file. */
function lint(files: Readonly<Record<string, string>>): Map<string, string[]> {
  const { path: dir, remove } = makeTempFolder();
  onTestFinished(remove);
  for (const shared of ["oxlint.config.ts", "scripts/rooms.ts"])
    cpSync(join(root, shared), join(dir, shared), { recursive: true });
  writeFileSync(join(dir, "package.json"), '{ "type": "module" }');
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), text);
  }
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, "node_modules/oxlint/bin/oxlint"), "--format=json"],
    { cwd: dir, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  expect(stderr).toBe("");
  const found = new Map<string, string[]>();
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: readonly { filename: string; help: string }[] };
  for (const { filename, help } of diagnostics) {
    if (help?.includes("may not import")) found.set(filename, [...(found.get(filename) ?? []), help]);
  }
  return found;
}

const fileIn = (room: string, name: string): string => join(sources, room, name);

function importsOf(room: string, others: readonly string[]): string {
  return others
    .map((other, index) => {
      const way = relative(room, other) || ".";
      return `import { it as it${index} } from "${way.startsWith(".") ? way : `./${way}`}/some-file.ts";\nexport const use${index} = it${index};`;
    })
    .join("\n");
}

it("knows every folder of the sources", () => {
  const folders = readdirSync(join(root, sources), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(join(root, sources), entry.parentPath) || ".");
  expect([...new Set(folders)].toSorted()).toEqual([...rooms].toSorted());
});

it("refuses each import that goes against the order of the folders, and no other", { timeout: 120_000 }, () => {
  const files: Record<string, string> = {};
  for (const room of rooms) {
    const closed = closedTo(room);
    if (closed.length > 0) files[fileIn(room, "wrong.ts")] = importsOf(room, closed);
    files[fileIn(room, "right.ts")] = importsOf(
      room,
      rooms.filter((other) => other !== room && !closed.includes(other)),
    );
  }
  const found = lint(files);
  for (const room of rooms) {
    expect([room, found.get(fileIn(room, "wrong.ts"))?.length ?? 0]).toEqual([room, closedTo(room).length]);
    expect([room, found.get(fileIn(room, "right.ts")) ?? []]).toEqual([room, []]);
  }
});

it("lets core/work and next import Next, and no other folder", { timeout: 120_000 }, () => {
  const use = 'import { headers } from "next/headers";\nexport const use = headers;';
  const files = Object.fromEntries(rooms.map((room) => [fileIn(room, "file.ts"), use]));
  const refused = rooms.filter((room) => !/^(core\/work|next(\/.*)?|\.)$/.test(room));
  expect([...lint(files).keys()].toSorted()).toEqual(refused.map((room) => fileIn(room, "file.ts")).toSorted());
});
