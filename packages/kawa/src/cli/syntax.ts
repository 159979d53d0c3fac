import { requireOfNext } from "./app.ts";

/** A node of Babel's tree: where it is in the text, and what it is made of. */
export type Node = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
};

/** The text of `[start, end)` becomes `text`. */
export type Change = { readonly start: number; readonly end: number; readonly text: string };

type Parser = {
  readonly parse: (text: string, options: object) => { readonly program: Node & { readonly body: readonly Node[] } };
};

/**
 * The statements of a module, as the parser reads them that Next brings along.
 *
 * @throws {SyntaxError} it is no module that can be read
 */
export function parseModule(folder: string, text: string): readonly Node[] {
  const { parse } = requireOfNext<Parser>(folder, "babel/parser");
  return parse(text, { sourceType: "module", plugins: ["typescript", "jsx"] }).program.body;
}

/** Every node with what it is in, from the outside to the inside. */
export function* walk(nodes: readonly Node[], parents: readonly Node[] = []): Generator<[Node, readonly Node[]]> {
  for (const node of nodes) {
    yield [node, parents];
    yield* walk(Object.values(node).flat().filter(isNode), [...parents, node]);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string" && "start" in value;
}

export function applyChanges(text: string, changes: readonly Change[]): string {
  let result = text;
  for (const { start, end, text: added } of changes.toSorted((a, b) => b.start - a.start)) {
    result = result.slice(0, start) + added + result.slice(end);
  }
  return result;
}

/** Where a further import goes: behind the last one, else behind the directives. */
export function addImport(text: string, body: readonly Node[], line: string): Change {
  const last = body.findLast(({ type }) => type === "ImportDeclaration");
  if (last) return { start: last.end, end: last.end, text: `\n${line}` };
  const start = body[0]?.start ?? 0;
  return { start, end: start, text: `${line}\n${text.startsWith("\n", start) ? "" : "\n"}` };
}

/** Takes an import away with its line. Undefined where it is not there, or brings along something else. */
export function removeImport(text: string, body: readonly Node[], line: string): Change | undefined {
  const found = body.find(({ type, start, end }) => type !== "File" && text.slice(start, end) === line);
  if (!found) return undefined;
  // It goes as it came: behind another import with the line break before it, as the first statement with those after it.
  if (found !== body[0]) return { start: found.start - 1, end: found.end, text: "" };
  const after = /^\n{0,2}/.exec(text.slice(found.end))![0];
  return { start: found.start, end: found.end + after.length, text: "" };
}
