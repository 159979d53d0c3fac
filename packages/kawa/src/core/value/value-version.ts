/** The version of values whose text names none. */
export const firstVersion = 1;

/** Highest version that a definition may have. */
export const maxVersion = 1_000_000;

// In a text, a list that begins with a name is a kind. No kind is named so, and an earlier Kawa refuses what it does not know.
const mark = "v";
const pattern = /^\[\["v",(\d+),(-?\d+)\]/;

/** The first node of a versioned text: the version, and the place or the code of the value. */
export function versionNode(version: number, root: number): string {
  return `["${mark}",${version},${root}]`;
}

/** What a first node says of a version; undefined for any other node, and for one that is malformed. */
export function versionIn(node: unknown): { readonly version: number; readonly root: unknown } | undefined {
  if (!Array.isArray(node) || node[0] !== mark || node.length !== 3) return undefined;
  const [, version, root] = node as readonly unknown[];
  const isKnown = Number.isInteger(version) && (version as number) > firstVersion && (version as number) <= maxVersion;
  return isKnown ? { version: version as number, root } : undefined;
}

/** The version of an encoded value, without decoding it. A row that was written by hand may be no text. */
export function versionOfText(text: string | null): number {
  return typeof text === "string" && text.startsWith(`[["${mark}"`)
    ? Number(pattern.exec(text)?.[1] ?? firstVersion)
    : firstVersion;
}

/** True for the value `undefined`, of any version. */
export function isUndefinedText(text: string): boolean {
  return text === "-1" || pattern.exec(text)?.[2] === "-1";
}
