import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../../..");
const sources = join(root, "packages/kawa/src");
/** The part that speaks of our own files. */
const text = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").split("## Dependencies")[0]!;
const names = new Set(globSync("**/*.{ts,tsx}", { cwd: sources }).map((path) => basename(path).split(".")[0]!));

function isThere(path: string): boolean {
  return ["", ".ts", ".tsx"].some((end) => existsSync(join(sources, path + end)));
}

it("names in ARCHITECTURE.md only files and folders that exist", () => {
  const paths = text.match(/(?<![\w/-])(core|browser|rivetkit|react|next|query)(\/[a-z0-9-]+)+/g) ?? [];
  expect(paths.length).toBeGreaterThan(40);
  expect(paths.filter((path) => !isThere(path))).toEqual([]);
  const files = [...text.matchAll(/`([a-z0-9]+(?:-[a-z0-9]+)+)`/g)].map(([, name]) => name!);
  expect(files.length).toBeGreaterThan(20);
  expect(files.filter((name) => !names.has(name))).toEqual([]);
});
