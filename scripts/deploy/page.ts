import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The commands and files of a page of `docs/deploy`, in their order. */
export function blocksOf(page: string, language: string): string[] {
  const text = readFileSync(join(import.meta.dirname, "../../docs/deploy", page), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gm"))].map(([, block]) => block!);
}

/** The block that begins with a comment which names its file, without that line. */
export function fileIn(blocks: readonly string[], name: string): string {
  const block = blocks.find((text) => text.startsWith(`# ${name}\n`) || text.startsWith(`// ${name}\n`));
  if (block === undefined) throw new Error(`No block of the page begins with the name of ${name}.`);
  return block.slice(block.indexOf("\n") + 1);
}

/** The first block that has this in it. */
export function blockWith(blocks: readonly string[], part: string): string {
  const block = blocks.find((text) => text.includes(part));
  if (block === undefined) throw new Error(`No block of the page has "${part}".`);
  return block;
}
