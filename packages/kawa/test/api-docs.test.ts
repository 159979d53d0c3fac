import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { apiDocs, importedByNext } from "../../../scripts/api-docs.ts";
import { docOf } from "../../../scripts/api-comments.ts";

const packageDir = resolve(import.meta.dirname, "..");
const folder = join(packageDir, "../../docs/api");

type Target = string | { readonly [condition: string]: Target };

function defaultFileOf(target: Target): string {
  return typeof target === "string" ? target : defaultFileOf(target["default"]!);
}

describe("docs/api", () => {
  it("is what `npm run docs:api` makes of the sources", { timeout: 180_000 }, () => {
    const pages = apiDocs();
    const old = [...pages].filter(([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text);
    expect(old.map(([path]) => `${basename(path)} is old: run "npm run docs:api"`)).toEqual([]);
    expect(readdirSync(folder).toSorted()).toEqual([...pages.keys()].map((path) => basename(path)).toSorted());
    expect(dirname([...pages.keys()][0]!)).toBe(folder);
  });

  it("has a heading for each name that an entry exports when it runs", { timeout: 180_000 }, async () => {
    const { exports } = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8")) as {
      exports: Record<string, Target>;
    };
    let count = 0;
    for (const [path, target] of Object.entries(exports)) {
      const entry = path.replace(".", "kawa");
      if (entry === importedByNext) continue;
      const names = Object.keys((await import(join(packageDir, defaultFileOf(target)))) as object);
      const page = readFileSync(join(folder, `${entry.replaceAll("/", "-")}.md`), "utf8");
      expect(names.filter((name) => !page.includes(`\n## ${name}\n`))).toEqual([]);
      count += names.length;
    }
    expect(count).toBeGreaterThan(40);
  });
});

describe("a comment", () => {
  it("says what it is for, its default, its errors and its example", () => {
    const doc = docOf(
      "Waits for it,\nat most so long. @default 60_000 (1 minute)\n@param name - the\nkey\n@throws {KawaError} KEY_INVALID - it is\nempty\n@example\nf(\n  1,\n);",
    );
    expect(doc).toEqual({
      summary: "Waits for it, at most so long.",
      params: [{ name: "name", text: "the key" }],
      returns: "",
      defaultValue: "60_000 (1 minute)",
      throws: ["KEY_INVALID - it is empty"],
      examples: ["f(\n  1,\n);"],
    });
  });
});
