import type { Node } from "../node_modules/@arethetypeswrong/core/node_modules/typescript/lib/typescript.js";

/** The text of a comment above a declaration, without its stars. */
export type Comment = string;

/** What a comment says. */
export type Doc = {
  readonly summary: string;
  readonly params: readonly { readonly name: string; readonly text: string }[];
  readonly returns: string;
  readonly defaultValue: string;
  readonly throws: readonly string[];
  readonly examples: readonly string[];
};

/** Empty where nothing stands above the declaration. */
export function commentOf(node: Node): Comment {
  const above = node.getFullText().slice(0, node.getStart() - node.getFullStart());
  const comments = above.match(/\/\*\*.*?\*\//gs) ?? [];
  return (comments.at(-1) ?? "")
    .replace(/^\/\*\*/, "")
    .replace(/\*\/$/, "")
    .replaceAll(/^\s*\* ?/gm, "")
    .trim();
}

const tag = /(?:^|\s)@(param|returns|default|throws|example|see)\b/;

export function docOf(comment: Comment): Doc {
  const [summary = "", ...rest] = comment.split(tag);
  const tags = rest.flatMap((name, index) => (index % 2 === 0 ? [{ name, text: rest[index + 1]!.trim() }] : []));
  const of = (name: string) => tags.filter((one) => one.name === name).map(({ text }) => text);
  return {
    summary: paragraphs(summary),
    params: of("param").map((text) => {
      const [, name = "", what = ""] = /^(\S+)\s+-?\s*(.*)$/s.exec(text) ?? [];
      return { name, text: lines(what) };
    }),
    returns: lines(of("returns").join(" ")),
    defaultValue: lines(of("default").join(" ")),
    throws: of("throws").map((text) => lines(text.replace(/^\{KawaError\}\s*/, ""))),
    examples: of("example"),
  };
}

/** Lines of the source are no lines of the page; paragraphs and examples are. */
function paragraphs(text: string): string {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((part) => (/^ {4}/m.test(part) || part.trimStart().startsWith("- ") ? part : lines(part)))
    .join("\n\n");
}

function lines(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, " ");
}
