/** Blocks of code of a page that begin with the name of their file, as `// lib/signals.ts`. */
export function filesOf(markdown: string): Map<string, string> {
  const blocks = [...markdown.matchAll(/^```tsx?\n(\/\/ ([\w./[\]-]+\.tsx?)\b.*?)^```$/gms)];
  return new Map(blocks.map(([, code, file]) => [file!, code!]));
}
