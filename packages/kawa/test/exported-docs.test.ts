import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const root = resolve(import.meta.dirname, "..");

type Target = string | { readonly [condition: string]: Target };
const { exports: entries, imports } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8")) as {
  exports: Record<string, Target>;
  imports: Record<string, { readonly default: string }>;
};

/** Source of each name that a module exports. */
function exportsOf(file: string): { name: string; file: string; text: string }[] {
  const text = readFileSync(file, "utf8");
  const own = [...text.matchAll(declaration)].map(([, name]) => ({ name: name!, file, text }));
  const passedOn = [...text.matchAll(/^export (?:type )?(\*|\{[^}]*\}) from "([^"]+)"/gm)].flatMap(([, what, from]) => {
    const there = exportsOf(resolveFrom(file, from!));
    const names = what!.match(/\w+(?= as\b|[,\s}])/g)?.filter((name) => name !== "type") ?? [];
    return what === "*" ? there : there.filter(({ name }) => names.includes(name));
  });
  return [...own, ...passedOn];
}

const declaration = /^export (?:default )?(?:async )?(?:function|const|class|interface|type|abstract class) (\w+)/gm;

function resolveFrom(file: string, specifier: string): string {
  return specifier.startsWith("#") ? resolve(root, imports[specifier]!.default) : resolve(dirname(file), specifier);
}

/** Names whose first declaration stands below no comment of its own. */
function undocumentedIn(file: string): string[] {
  const found = exportsOf(file).filter(({ name, text }) => {
    const at = text.search(new RegExp(`^export .*\\b(?:function|const|class|interface|type) ${name}\\b`, "m"));
    return !/\*\/\s*(?:\/\/ .*\s*)?$/.test(text.slice(0, at));
  });
  return [...new Set(found.map(({ name }) => name))].sort();
}

const filesOf = (target: Target): string[] =>
  typeof target === "string" ? [target] : [...new Set(Object.values(target).flatMap(filesOf))];

it("finds what an entry passes on", () => {
  const names = exportsOf(resolve(root, "src/index.types.ts")).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["Backend", "batch", "Presence", "untracked", "useReactive"]));
});

describe.each(Object.entries(entries))("the entry %s", (_, target) => {
  it.each(filesOf(target))("says of each name what it is for (%s)", (file) => {
    expect(undocumentedIn(resolve(root, file)).join(" ")).toBe("");
  });
});
