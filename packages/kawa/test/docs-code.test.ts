import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeTempFolder } from "./support/temp-folder.ts";

const root = join(import.meta.dirname, "../../..");
const compiled = new Set(["ts", "tsx"]);
const shell = new Set(["bash", "sh"]);
const unchecked = new Set(["mermaid", "nginx", "caddy", "dockerfile", "yaml", "text"]);

type Block = { readonly page: string; readonly line: number; readonly language: string; readonly code: string };

/** The examples above what a module exports. */
function examples(): Block[] {
  const sources = (readdirSync(join(root, "packages/kawa/src"), { recursive: true }) as string[])
    .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test."))
    .map((name) => `packages/kawa/src/${name}`);
  return sources.flatMap((page) => {
    const text = readFileSync(join(root, page), "utf8");
    return [...text.matchAll(/@example\n(.*?)(?=\n\s*\* @|\s*\*\/)/gs)].map((match) => {
      const code = match[1]!.replaceAll(/^\s*\* ?/gm, "");
      return { page, line: text.slice(0, match.index).split("\n").length + 1, language: "tsx", code };
    });
  });
}

function blocks(): Block[] {
  const names = [
    ...(readdirSync(root) as string[]),
    ...(readdirSync(join(root, "docs"), { recursive: true }) as string[]).map((name) => `docs/${name}`),
  ];
  return (
    names
      // The examples of docs/api are those above the exports; what else is there is no code of an app.
      .filter((name) => name.endsWith(".md") && !name.startsWith("docs/api/"))
      .flatMap((page) => {
        const text = readFileSync(join(root, page), "utf8");
        return [...text.matchAll(/^ *```(\w*)\n(.*?)^ *```$/gms)].map((match) => {
          const [, language = "", code = ""] = match;
          return { page, line: text.slice(0, match.index).split("\n").length + 1, language, code };
        });
      })
  );
}

/** A block that begins with `// lib/signals.ts` is that file for the other blocks of its page. */
function fileOf({ code, language, line }: Block, taken: ReadonlySet<string>): string {
  const [, named] = /^\/\/ ([\w./[\]-]+\.tsx?)\b/.exec(code) ?? [];
  return named !== undefined && !taken.has(named) ? named : `line-${line}.${language}`;
}

/** The imagined app that all pages speak of, and each block of a page as a module beside it. Returns which file shows which block. */
function writeApp(folder: string): Map<string, Block> {
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  cpSync(join(import.meta.dirname, "docs-app"), join(folder, "app"), { recursive: true });
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({
      extends: join(root, "packages/kawa/tsconfig.json"),
      compilerOptions: {
        incremental: false,
        noUncheckedIndexedAccess: false,
        types: ["node"],
        typeRoots: ["node_modules/@types"],
      },
      include: ["**/*.ts", "**/*.tsx"],
    }),
  );
  const written = new Map<string, Block>();
  for (const [page, ofPage] of Map.groupBy([...blocks(), ...examples()], (block) => block.page)) {
    const pageFolder = join("pages", page.replaceAll("/", "-"));
    const taken = new Set<string>();
    const files = ofPage
      .filter(({ language }) => compiled.has(language))
      .map((block) => {
        const file = fileOf(block, taken);
        taken.add(file);
        return { file, block };
      });
    for (const { file, block } of files) {
      const path = join(pageFolder, file);
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), withFiles(block.code, path, pageFolder, taken));
      written.set(path, block);
    }
  }
  return written;
}

/** `@/lib/signals` is the file of that name on the page, else the one of the imagined app. */
function withFiles(code: string, path: string, pageFolder: string, taken: ReadonlySet<string>): string {
  return code.replace(/((?:from|import) ?\(?)"@\/([^"]+)"/g, (_all, before: string, name: string) => {
    const isOwn = taken.has(`${name}.ts`) || taken.has(`${name}.tsx`);
    return `${before}"${relativeTo(path, join(isOwn ? pageFolder : "app", name))}"`;
  });
}

function relativeTo(path: string, target: string): string {
  const way = relative(dirname(path), target);
  return way.startsWith(".") ? way : `./${way}`;
}

it("has only blocks of code that are checked, or are of a language that nothing here checks", () => {
  const known = (language: string) =>
    compiled.has(language) || shell.has(language) || unchecked.has(language) || language === "json";
  expect(blocks().length).toBeGreaterThan(100);
  expect(blocks().filter(({ language }) => !known(language))).toEqual([]);
});

it("shows TypeScript that compiles", { timeout: 120_000 }, () => {
  const { path: folder, remove } = makeTempFolder();
  onTestFinished(remove);
  const written = writeApp(folder);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), "--pretty", "false"],
    {
      cwd: folder,
      encoding: "utf8",
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  const problems = stdout
    .split("\n")
    .filter((line) => /: error TS\d+/.test(line))
    // An example may be a part of a component.
    .filter((line) => !(line.includes("pages/packages-") && line.includes("error TS1108: A 'return' statement")))
    .map((line) => {
      const [, file = "", row = "0", message = line] = /^(.*?)\((\d+),\d+\): error (.*)$/.exec(line) ?? [];
      const block = written.get(file);
      return block === undefined ? line : `${block.page}:${block.line + Number(row) - 1}: ${message}`;
    });
  expect({ problems, stderr }).toEqual({ problems: [], stderr: "" });
  expect(written.size).toBeGreaterThan(150);
});

it("shows JSON that parses", () => {
  const texts = blocks().filter(({ language }) => language === "json");
  expect(() => texts.forEach(({ code }) => JSON.parse(code))).not.toThrow();
});

it("shows commands that a shell reads", () => {
  const commands = blocks().filter(({ language }) => shell.has(language));
  const unread = commands.filter(
    ({ code }) => spawnSync("sh", ["-n"], { input: code.replaceAll(/<[^>\n]*>/g, "x") }).status !== 0,
  );
  expect(unread).toEqual([]);
});
