import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
// The newest TypeScript has no such interface; this one comes with are-the-types-wrong.
import ts from "../node_modules/@arethetypeswrong/core/node_modules/typescript/lib/typescript.js";
import { commentOf, type Doc, docOf } from "./api-comments.ts";
import { documentedNode, membersOf, memberText, signatureOf } from "./api-signatures.ts";

// Writes docs/api from the sources and the comments of what the package exports.

const root = join(import.meta.dirname, "..");
const packageDir = join(root, "packages/kawa");
const folder = join(root, "docs/api");

type Target = string | { readonly [condition: string]: Target };
type Entry = { readonly name: string; readonly page: string; readonly file: string };
type Exported = { readonly name: string; readonly declarations: readonly ts.Declaration[] };

/** `withKawa` adds it to the app; it has nothing for people to import. */
export const importedByNext = "kawa/next/instrumentation-client";

/** The entries with names to import; editors show the same half of each. */
function listEntries(): Entry[] {
  const { exports } = JSON.parse(readFileSync(join(packageDir, "package.json"), "utf8")) as {
    exports: Record<string, Target>;
  };
  return Object.entries(exports)
    .map(([path, target]) => {
      const name = path.replace(/^\./, "kawa");
      return { name, page: `${name.replaceAll("/", "-")}.md`, file: join(packageDir, sourceOf(target)) };
    })
    .filter(({ name }) => name !== importedByNext);
}

function sourceOf(target: Target): string {
  if (typeof target === "string") return target;
  return sourceOf(target["types"] ?? target["default"]!);
}

function exportsOf(program: ts.Program, file: string): Exported[] {
  const checker = program.getTypeChecker();
  const entry = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  return checker
    .getExportsOfModule(entry)
    .map((symbol) => {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      return { name: symbol.name, declarations: publicDeclarations(target.declarations ?? []) };
    })
    .toSorted((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, "en"));
}

/** Of a function with overloads all but the one with the body. */
function publicDeclarations(declarations: readonly ts.Declaration[]): readonly ts.Declaration[] {
  const overloads = declarations.filter((one) => ts.isFunctionDeclaration(one) && one.body === undefined);
  return overloads.length > 0 ? overloads : declarations;
}

/** What is called comes before what is named in a type. */
function rank({ declarations }: Exported): number {
  return declarations.some((one) => ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one)) ? 1 : 0;
}

class Page {
  readonly #places: ReadonlyMap<string, string>;

  /** @param places - address of each exported name */
  constructor(places: ReadonlyMap<string, string>) {
    this.#places = places;
  }

  print({ name }: Entry, exported: readonly Exported[]): string {
    const sections = exported.map((one) => this.#section(one));
    return `# ${name}\n\nMade from the comments in the sources by \`npm run docs:api\`. [All entries](README.md)\n\n${sections.join("\n")}`;
  }

  #section({ name, declarations }: Exported): string {
    const signatures = declarations.map((one) => signatureOf(one, name));
    const parts = declarations.flatMap((declaration, at) => {
      const doc = docOf(commentOf(documentedNode(declaration)));
      return [
        this.#text(doc.summary),
        `\`\`\`ts\n${signatures[at]!}\n\`\`\``,
        this.#members(declaration),
        this.#tags(doc),
        ...doc.examples.map((code) => `\`\`\`tsx\n${code}\n\`\`\``),
      ];
    });
    const types = [...signatures, ...declarations.flatMap(membersOf).map(memberText)].join("\n");
    return `${[`## ${name}`, ...parts, this.#related(name, types)].filter(Boolean).join("\n\n")}\n`;
  }

  /** Parameters, defaults and errors. */
  #tags({ params, returns, defaultValue, throws }: Doc): string {
    const lines = [
      ...params.map(({ name, text }) => `- \`${name}\`: ${this.#text(text)}`),
      ...(returns === "" ? [] : [`- Returns ${this.#text(returns)}`]),
      ...(defaultValue === "" ? [] : [`- Default: ${this.#default(defaultValue)}`]),
      ...throws.map((text) => `- Throws ${this.#errors(text)}`),
    ];
    return lines.join("\n");
  }

  #members(declaration: ts.Declaration): string {
    return membersOf(declaration)
      .filter((member) => !ts.getJSDocTags(member).some(({ tagName }) => tagName.text === "internal"))
      .map((member) => {
        const { summary, defaultValue, throws } = docOf(commentOf(member));
        const text = [
          this.#text(summary),
          ...(defaultValue === "" ? [] : [`Default: ${this.#default(defaultValue)}.`]),
          ...throws.map((error) => `Throws ${this.#errors(error)}.`),
        ];
        return `- \`${memberText(member)}\`${text.some(Boolean) ? `: ${text.filter(Boolean).join(" ")}` : ""}`;
      })
      .join("\n");
  }

  /** Names of the package that a declaration speaks of. */
  #related(name: string, text: string): string {
    const words = new Set(text.replaceAll(/\/\*.*?\*\/|\/\/.*|"[^"]*"/gs, "").match(/\b[A-Z]\w+\b/g));
    const links = [...words].filter((word) => word !== name && this.#places.has(word)).toSorted();
    return links.length === 0 ? "" : `See ${links.map((word) => this.link(word, word)).join(", ")}.`;
  }

  firstSentence(text: string): string {
    const [sentence = ""] = /^(?:`[^`]*`|[^`])*?[.:](?=\s|$)/s.exec(text) ?? [text];
    return this.#text(sentence.replace(/:$/, ".")).replaceAll("|", "\\|");
  }

  #text(text: string): string {
    return text.replaceAll(/\{@link ([\w$]+)([\w.$]*)([^}]*)\}/g, (_, name: string, rest: string, label: string) =>
      this.link(name, label.trim() || name + rest),
    );
  }

  #default(text: string): string {
    return this.#text(text.replace(/^("[^"]*"|[\w.[\]]+)(?=$| \()/, "`$1`"));
  }

  #errors(text: string): string {
    const linked = this.#text(text).replaceAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g, (code) =>
      existsSync(join(root, `docs/errors/${code}.md`)) ? `[${code}](../errors/${code}.md)` : code,
    );
    return linked.replace(" - ", ": ");
  }

  link(name: string, label: string): string {
    const place = this.#places.get(name);
    return place === undefined ? `\`${label}\`` : `[\`${label}\`](${place})`;
  }
}

/** As GitHub names them: the second heading that differs in case alone gets a number. */
function anchorsOf(names: readonly string[]): [name: string, anchor: string][] {
  return names.map((name, at) => {
    const anchor = name.toLowerCase();
    const before = names.slice(0, at).filter((other) => other.toLowerCase() === anchor).length;
    return [name, before === 0 ? anchor : `${anchor}-${before}`];
  });
}

function index(entries: readonly Entry[], all: ReadonlyMap<Entry, readonly Exported[]>, page: Page): string {
  const tables = entries.map((entry) => {
    const rows = all.get(entry)!.map(({ name, declarations }) => {
      const { summary } = docOf(commentOf(documentedNode(declarations[0]!)));
      return `| ${page.link(name, name)} | ${page.firstSentence(summary)} |`;
    });
    return `## ${entry.name}\n\n| name | what it is for |\n|---|---|\n${rows.join("\n")}\n`;
  });
  return `# API\n\nEvery name that the package exports. Made from the comments in the sources by \`npm run docs:api\`.\n\n${tables.join("\n")}`;
}

/** Path and text of each page of docs/api. */
export function apiDocs(): Map<string, string> {
  const entries = listEntries();
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile);
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  const files = entries.map(({ file }) => file);
  const program = ts.createProgram(files, options);
  const all = new Map(entries.map((entry) => [entry, exportsOf(program, entry.file)]));
  const places = new Map(
    entries
      .toReversed()
      .flatMap((entry) =>
        anchorsOf(all.get(entry)!.map(({ name }) => name)).map(
          ([name, anchor]) => [name, `${entry.page}#${anchor}`] as const,
        ),
      ),
  );
  const page = new Page(places);
  const pages = entries.map((entry) => [join(folder, entry.page), page.print(entry, all.get(entry)!)] as const);
  return new Map([[join(folder, "README.md"), index(entries, all, page)], ...pages]);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of apiDocs()) writeFileSync(path, text);
}
