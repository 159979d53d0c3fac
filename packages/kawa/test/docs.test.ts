import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { rooms } from "../../../scripts/rooms.ts";
import { KawaError, kawaErrorCodes } from "../src/core/errors/errors.ts";

const root = join(import.meta.dirname, "../../..");
const folder = join(root, "docs/errors");
const pages = [...markdownIn(root, false), ...markdownIn(join(root, "docs"), true)];

function markdownIn(path: string, recursive: boolean): string[] {
  const names = readdirSync(path, { recursive }) as string[];
  return names.filter((name) => name.endsWith(".md")).map((name) => join(path, name));
}

/** Without blocks of code, whose brackets are no links. */
function proseOf(path: string): string {
  return readFileSync(path, "utf8").replace(/^```.*?^```/gms, "");
}

/** As GitHub names them: of several headings that are alike, all but the first get a number. */
function anchorsOf(path: string): string[] {
  const headings = proseOf(path)
    .split("\n")
    .filter((line) => /^#+ /.test(line));
  const names = headings.map((line) =>
    line
      .replace(/^#+ /, "")
      // Of a link, what is shown of it.
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-"),
  );
  return names.map((name, at) => {
    const before = names.slice(0, at).filter((other) => other === name).length;
    return before === 0 ? name : `${name}-${before}`;
  });
}

function brokenLinksIn(prose: string, page: string): string[] {
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? page : resolve(dirname(page), path);
    return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
}

describe("a link", () => {
  it("is broken when its file or its heading is missing", () => {
    const page = join(root, "docs/README.md");
    const text =
      "[a](start.md) [b](start.md#the-files) [c](no-such.md) [d](start.md#no-such) [e](#no-such) [f](#building) [g](api/kawa.md#signal-1)";
    expect(brokenLinksIn(text, page)).toEqual(["no-such.md", "start.md#no-such", "#no-such"]);
  });
});

describe("pages for people", () => {
  it("are found", () => expect(pages.length).toBeGreaterThan(kawaErrorCodes.length));

  it.each(pages.map((page) => relative(root, page)))("has links in %s that lead somewhere", (page) => {
    expect(brokenLinksIn(proseOf(join(root, page)), join(root, page))).toEqual([]);
  });
});

describe("docs/README.md", () => {
  it.each(readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md") && name !== "README.md"))(
    "leads to %s",
    (name) => expect(readFileSync(join(root, "docs/README.md"), "utf8")).toContain(`](${name})`),
  );
});

describe("the path through the docs", () => {
  const list = readFileSync(join(root, "docs/README.md"), "utf8").matchAll(/^\d+\. \[[^\]]*\]\((.+?)\)/gm);
  const path = [...list].map(([, name]) => name!);

  it("has pages", () => expect(path.length).toBeGreaterThan(14));

  it.each(path.slice(0, -1).map((name, at) => [name, path[at + 1]!] as const))(
    "goes on from %s to %s",
    (name, next) => {
      const [last] = readFileSync(join(root, "docs", name), "utf8")
        .trimEnd()
        .split("\n")
        .slice(-1);
      expect(last).toMatch(/^Next: /);
      expect(last).toContain(`](${next})`);
    },
  );
});

/** Of RivetKit, whose name a folder of the sources has too. */
const entriesOfOthers = ["rivetkit/agent-os", "rivetkit/db/drizzle"];

/** Files and folders of the sources that a text names in backticks, such as `core/signal`. */
function namedSourcesIn(text: string): string[] {
  const names = [...text.matchAll(/`([\w./-]+)`/g)].map(([, name]) => name!);
  return names.filter((name) => {
    const isInRoom = rooms.some((room) => room !== "." && name.startsWith(`${room}/`));
    return isInRoom && !entriesOfOthers.includes(name);
  });
}

function isSource(name: string): boolean {
  const endings = ["", ".ts", ".tsx"];
  return endings.some((ending) => existsSync(join(root, "packages/kawa/src", name + ending)));
}

describe("pages about the inside", () => {
  it("notice a file that does not exist", () => {
    const names = namedSourcesIn(
      "`core/signal`, `next/refresh`, `core/no-such-file`, `core.signal`, `rivetkit/agent-os`",
    );
    expect(names).toEqual(["core/signal", "next/refresh", "core/no-such-file"]);
    expect(names.filter((name) => !isSource(name))).toEqual(["core/no-such-file"]);
  });

  it.each(["ARCHITECTURE.md", "docs/decisions.md"])("name in %s only files of the sources that exist", (page) => {
    const names = namedSourcesIn(readFileSync(join(root, page), "utf8"));
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !isSource(name))).toEqual([]);
  });

  it("name in ARCHITECTURE.md, also in its pictures, only files and folders that exist", () => {
    // The part that speaks of our own files.
    const text = readFileSync(join(root, "ARCHITECTURE.md"), "utf8").split("## Dependencies")[0]!;
    const paths = text.match(/(?<![\w/-])(core|browser|rivetkit|react|next|query)(\/[a-z0-9-]+)+/g) ?? [];
    expect(paths.length).toBeGreaterThan(40);
    expect(paths.filter((path) => !isSource(path))).toEqual([]);
    const files = globSync("**/*.{ts,tsx}", { cwd: join(root, "packages/kawa/src") });
    const known = new Set(files.map((path) => basename(path).split(".")[0]!));
    const named = [...text.matchAll(/`([a-z0-9]+(?:-[a-z0-9]+)+)`/g)].map(([, name]) => name!);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it("sort docs/decisions.md by the parts, in their order", () => {
    const headings = [...readFileSync(join(root, "docs/decisions.md"), "utf8").matchAll(/^## `(.+)`$/gm)];
    const parts = headings.map(([, part]) => part!);
    expect(parts.length).toBeGreaterThan(20);
    expect(parts).toEqual(rooms.filter((room) => parts.includes(room)));
  });
});

/** Rows of the tables of a page that end with what shows them. */
function shownRowsOf(page: string): string[][] {
  const tables = proseOf(page).matchAll(/^\|.*\| shown by \|\n\|[-|]+\|\n((?:\|.*\n)+)/gm);
  const rows = [...tables].flatMap(([, text]) => text!.trimEnd().split("\n"));
  return rows.map((row) => row.split("|").slice(1, -1));
}

/** Tests, benchmarks and other checks that a cell names. */
function checksIn(cell: string): string[] {
  const tests = [...cell.matchAll(/\]\(\.\.\/([\w./-]+\.(?:test|spec)\.tsx?)\)/g)].map(([, path]) => path!);
  const benchmarks = [...cell.matchAll(/`npm run bench -- ([\w-]+)`/g)].map(([, name]) => `bench/${name}.ts`);
  return [...tests, ...benchmarks, ...(cell.includes("`npm run size`") ? [".size-limit.mjs"] : [])];
}

describe("docs/guarantees.md", () => {
  const rows = shownRowsOf(join(root, "docs/guarantees.md"));
  const tables = proseOf(join(root, "docs/guarantees.md")).match(/^\|[-|]+\|$/gm);

  it("says in each table what shows it", () => {
    expect(rows.length).toBeGreaterThan(30);
    expect(proseOf(join(root, "docs/guarantees.md")).match(/\| shown by \|$/gm)).toHaveLength(tables!.length);
  });

  it.each(rows.map((row) => [row[0]!.trim(), row.at(-1)!] as const))("is shown by what exists: %s", (_, cell) => {
    const checks = checksIn(cell);
    expect(checks.length).toBeGreaterThan(0);
    expect(checks.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe("docs/errors", () => {
  it("has one page for each error code and no other", () => {
    expect(readdirSync(folder).toSorted()).toEqual(kawaErrorCodes.map((code) => `${code}.md`).toSorted());
  });

  it.each(kawaErrorCodes)("says of %s what the table of codes says", (code) => {
    const { status, retryable } = new KawaError(code, "");
    const lines = readFileSync(join(folder, `${code}.md`), "utf8").split("\n");
    expect(lines[0]).toBe(`# ${code}`);
    expect(lines.filter((line) => line.startsWith("- HTTP status: "))).toEqual([`- HTTP status: ${status}`]);
    expect(lines.filter((line) => line.startsWith("- Retryable: "))).toEqual([
      `- Retryable: ${retryable ? "yes" : "no"}`,
    ]);
    const index = readFileSync(join(root, "docs/errors.md"), "utf8").split("\n");
    const rows = index.filter((line) => line.startsWith(`| [${code}](errors/${code}.md) |`));
    expect(rows).toEqual([expect.stringMatching(new RegExp(`\\| ${status} \\| ${retryable ? "yes" : "no"} \\|$`))]);
  });
});

/** Blocks of code of a page, and the examples above what a module exports. */
function codeIn(path: string): string[] {
  const text = readFileSync(path, "utf8");
  if (path.endsWith(".md")) return [...text.matchAll(/^```tsx?\n(.*?)^```/gms)].map(([, code]) => code!);
  return [...text.matchAll(/@example\n(.*?)(?=\n\s*\* @|\*\/)/gs)].map(([, code]) => code!);
}

/** Bodies of the async functions that are declared in some code. */
function asyncBodiesIn(code: string): string[] {
  return [...code.matchAll(/\basync\s+(?:function\b[^(]*)?\(/g)].map(({ index }) => {
    const start = code.indexOf(
      "{",
      code.slice(index).search(/\)(?::[^{]*(?:\{[^}]*\}[^{]*)?)?\s*(?:=>\s*)?\{/) + index,
    );
    let depth = 0;
    const end = [...code.slice(start)].findIndex(
      (character) => (depth += character === "{" ? 1 : character === "}" ? -1 : 0) === 0,
    );
    return code.slice(start, start + end);
  });
}

const hookCall = /\buse(?!Server\b)[A-Z]\w*\(/;

describe("examples", () => {
  const sources = (readdirSync(join(root, "packages/kawa/src"), { recursive: true }) as string[])
    .filter((name) => /\.tsx?$/.test(name) && !name.includes(".test."))
    .map((name) => join(root, "packages/kawa/src", name));
  const examples = [...pages, ...sources].flatMap((path) =>
    codeIn(path).map((code) => ({ path: relative(root, path), code })),
  );

  it("are found, and so is a hook in an async function", () => {
    expect(examples.length).toBeGreaterThan(100);
    expect(
      asyncBodiesIn(
        "export default async function Page({ params }: { params: Promise<{ a: string }> }) {\n  use({}); useReactive(a);\n}",
      ).some((body) => hookCall.test(body)),
    ).toBe(true);
    expect(
      asyncBodiesIn("const a = async () => { const b = await read(c); };\nuseReactive(d);").some((body) =>
        hookCall.test(body),
      ),
    ).toBe(false);
  });

  it("call no hook in an async function", () => {
    expect(examples.filter(({ code }) => asyncBodiesIn(code).some((body) => hookCall.test(body)))).toEqual([]);
  });
});
