/** Next's own state of the router, as it keeps it in the history entry. */
export type Tree = readonly [
  segment: string | readonly string[],
  slots: Readonly<Record<string, Tree>>,
  /** The address of a slot that shows another one than the page. */
  shownAddress?: unknown,
  marker?: unknown,
  hints?: unknown,
  search?: unknown,
];

/** What the router shows, for comparing; undefined where Next does not say. */
export function shownTree(): string | undefined {
  const tree = treeOf(history.state);
  return tree && JSON.stringify(tree, (key, value: unknown) => (key === "3" || key === "4" ? null : value));
}

/**
 * True where all that is shown is of the page's own address. Elsewhere a navigation to that address shows something else: the page behind a
 * modal would be gone.
 */
export function isOfOneAddress(): boolean {
  const tree = treeOf(history.state);
  return tree !== undefined && isPlain(tree);
}

/** Paths of the pages that are shown, after all rewrites; undefined where Next does not say. */
export function shownPaths(): readonly string[] | undefined {
  const tree = treeOf(history.state);
  return tree && [...pathsOf(tree, "")];
}

/** Paths of the pages of `tree`, which stands below the path `above`. */
export function* pathsOf([segment, slots]: Tree, above: string): Generator<string> {
  if (segment.toString().startsWith("__PAGE__")) yield above || "/";
  for (const slot of Object.values(slots)) yield* pathsOf(slot, pathBelow(above, segment));
}

/** The path of what stands below `segment`, which stands below the path `above`. */
export function pathBelow(above: string, segment: Tree[0]): string {
  const part = typeof segment === "string" ? segment : interceptionMarker(segment) + segment[1];
  // Groups and what stands for a slot without a page are in no path.
  const isInPath = part !== "" && !/^(__|\([^.])/.test(part);
  return isInPath ? `${above}/${part.replace(/^\//, "")}` : above;
}

/** The marker of an intercepting segment, such as `(.)`; dynamic ones have it in their kind, as in `di(.)`. */
function interceptionMarker(segment: string | readonly string[]): string {
  return /(\(\.{1,3}\))+/.exec(typeof segment === "string" ? segment : segment[2]!)?.[0] ?? "";
}

function isPlain([segment, slots, shownAddress]: Tree): boolean {
  return !interceptionMarker(segment) && !shownAddress && Object.values(slots).every(isPlain);
}

/** Next's tree in the state of a history entry; undefined where it has none. */
export function treeOf(state: unknown): Tree | undefined {
  const internals = (state as { __PRIVATE_NEXTJS_INTERNALS_TREE?: { tree?: Tree } } | null)
    ?.__PRIVATE_NEXTJS_INTERNALS_TREE;
  return Array.isArray(internals?.tree) ? internals.tree : undefined;
}
