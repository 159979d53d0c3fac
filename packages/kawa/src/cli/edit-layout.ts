import { checked, type Edited } from "./edit-config.ts";
import { addImport, type Node, parseModule, removeImport, walk } from "./syntax.ts";

const line = `import { LiveUpdates } from "kawa/next";`;

/** Puts `<LiveUpdates>` around the pages of a root layout. A file that has it already stays as it is. */
export function wrapLayout(folder: string, text: string): Edited {
  const body = parseModule(folder, text);
  if (liveUpdatesIn(body).length > 0) return { text };
  if (/^\s*["']use client["']/.test(text)) return { refused: "it is a client component" };
  const [shown, another] = [...walk(body)].filter(([node, parents]) => isChildren(node) && isShown(parents));
  if (!shown || another) return { refused: `it shows its pages in another way than once as {children}` };
  const [{ start, end }] = shown;
  return checked(folder, text, [
    addImport(text, body, line),
    { start, end: start, text: "<LiveUpdates>" },
    { start: end, end, text: "</LiveUpdates>" },
  ]);
}

/** Takes `<LiveUpdates>` away again. */
export function unwrapLayout(folder: string, text: string): Edited {
  const body = parseModule(folder, text);
  const [element, another] = liveUpdatesIn(body);
  if (!element) return { text };
  const { start, end } = element;
  const written = "<LiveUpdates>{children}</LiveUpdates>";
  const imported = removeImport(text, body, line);
  if (another || !imported || text.slice(start, end) !== written)
    return { refused: "it uses <LiveUpdates> in a way of its own" };
  return checked(folder, text, [imported, { start, end, text: "{children}" }]);
}

function liveUpdatesIn(body: readonly Node[]): Node[] {
  return [...walk(body)].map(([node]) => node).filter((node) => nameOf(node) === "LiveUpdates");
}

function nameOf({ type, openingElement }: Node): unknown {
  return type === "JSXElement" ? ((openingElement as Node)["name"] as Node)["name"] : undefined;
}

function isChildren({ type, expression }: Node): boolean {
  return type === "JSXExpressionContainer" && (expression as Node)["name"] === "children";
}

/** As a child of an element, not as one of its props. */
function isShown(parents: readonly Node[]): boolean {
  return /^JSX(Element|Fragment)$/.test(parents.at(-1)?.type ?? "");
}
