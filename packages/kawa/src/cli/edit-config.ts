import { addImport, applyChanges, type Change, type Node, parseModule, removeImport, walk } from "./syntax.ts";

/** What became of a file: its new text, or why only its author can change it. */
export type Edited = { readonly text: string } | { readonly refused: string };

const moduleImport = `import { withKawa } from "kawa/next/config";`;
const commonImport = `const { withKawa } = require("kawa/next/config");`;

/** Puts `withKawa()` around what a `next.config` exports. A file that has it already stays as it is. */
export function wrapConfig(folder: string, text: string): Edited {
  const body = parseModule(folder, text);
  if (callsOf(body).length > 0) return { text };
  const { exported, line } = exportOf(body);
  if (!exported) return { refused: "it exports its configuration in a way that this tool does not know" };
  const end = exported.end;
  return checked(folder, text, [
    addImport(text, body, line),
    { start: exported.start, end: exported.start, text: "withKawa(" },
    { start: end, end, text: ")" },
  ]);
}

/** Takes `withKawa()` away again. */
export function unwrapConfig(folder: string, text: string): Edited {
  const body = parseModule(folder, text);
  const [call, another] = callsOf(body);
  if (!call) return { text };
  const inner = (call["arguments"] as readonly Node[]).map(({ start, end }) => text.slice(start, end));
  const line = removeImport(text, body, moduleImport) ?? removeImport(text, body, commonImport);
  if (another || inner.length > 1 || !line) return { refused: "it uses withKawa() in a way of its own" };
  return checked(folder, text, [line, { start: call.start, end: call.end, text: inner[0] ?? "{}" }]);
}

function callsOf(body: readonly Node[]): Node[] {
  return [...walk(body)]
    .map(([node]) => node)
    .filter(({ type, callee }) => type === "CallExpression" && (callee as Node)["name"] === "withKawa");
}

function exportOf(body: readonly Node[]): { exported?: Node; line: string } {
  const byDefault = body.find(({ type }) => type === "ExportDefaultDeclaration");
  const declared = byDefault?.["declaration"] as Node | undefined;
  if (declared && !declared.type.endsWith("Declaration")) return { exported: declared, line: moduleImport };
  for (const { type, expression } of body) {
    const assigned = expression as Node | undefined;
    if (type !== "ExpressionStatement" || assigned?.type !== "AssignmentExpression") continue;
    const left = assigned["left"] as Node & { object?: Node; property?: Node };
    if (left.object?.["name"] === "module" && left.property?.["name"] === "exports")
      return { exported: assigned["right"] as Node, line: commonImport };
  }
  return { line: moduleImport };
}

/** The text after the changes, if it can be read. */
export function checked(folder: string, text: string, changes: readonly Change[]): Edited {
  const changed = applyChanges(text, changes);
  try {
    parseModule(folder, changed);
    return { text: changed };
  } catch {
    return { refused: "the change would have broken it" };
  }
}
