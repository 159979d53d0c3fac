/** What Next keeps of a segment: its content, and the segments below it. */
type RenderTree = { readonly data: { readonly rsc: unknown }; readonly slots: ReadonlyMap<string, RenderTree> | null };

type Node = {
  readonly $$typeof?: symbol;
  readonly type?: unknown;
  readonly props?: Readonly<Record<string, unknown>>;
  readonly _init?: (payload: unknown) => unknown;
  readonly _payload?: unknown;
  readonly then?: PromiseLike<unknown>["then"];
};

const lazyType = Symbol.for("react.lazy");

/**
 * Waits for all that a server sends for `node`. Resolves with the digest of an error in it that certainly reaches the component which shows
 * `node`.
 */
export async function whenArrived(node: unknown): Promise<string | undefined> {
  return walk(node, true, undefined);
}

/** `isSure` while nothing on the way could keep an error to itself. */
async function walk(value: unknown, isSure: boolean, tree: RenderTree | undefined): Promise<string | undefined> {
  if (typeof value !== "object" || value === null) return undefined;
  if (Array.isArray(value)) return walkAll(value, isSure, tree);
  const node = value as Node;
  const isLazy = node.$$typeof === lazyType;
  if (isLazy || typeof node.then === "function") {
    try {
      return await walk(await (isLazy ? load(node) : (value as PromiseLike<unknown>)), isSure, tree);
    } catch (error) {
      return isSure ? (error as { digest?: string } | null)?.digest : undefined;
    }
  }
  if (!node.$$typeof || !node.props) return undefined;
  return walkProps(node.type, node.props, isSure, tree);
}

async function walkProps(
  type: unknown,
  props: Readonly<Record<string, unknown>>,
  isSure: boolean,
  tree: RenderTree | undefined,
): Promise<string | undefined> {
  // Next's own components between a boundary and the content of its segment.
  const below = props["renderTree"] as RenderTree | undefined;
  if (below) return walk(below.data.rsc, isSure, below);
  const slot = props["parallelRouterKey"];
  if (typeof slot === "string" && tree) {
    const isOpen = !props["error"] && !props["notFound"] && !props["forbidden"] && !props["unauthorized"];
    const next = tree.slots?.get(slot);
    return next && walk(next.data.rsc, isSure && isOpen, next);
  }
  const isComponent = typeof type === "function" || typeof type === "object";
  // What comes before the segment is Next's own too.
  return walkAll(
    isComponent ? Object.values(props).filter(isContent) : [props["children"]],
    isSure && (!isComponent || !tree),
    tree,
  );
}

async function walkAll(
  values: readonly unknown[],
  isSure: boolean,
  tree: RenderTree | undefined,
): Promise<string | undefined> {
  const digests = await Promise.all(values.map((value) => walk(value, isSure, tree)));
  return digests.find((digest) => digest !== undefined);
}

/** What an app hands to a client component may be a promise that takes as long as it likes. */
function isContent(value: unknown): boolean {
  return typeof value === "object" && value !== null && (Array.isArray(value) || "$$typeof" in value);
}

async function load(lazy: Node): Promise<unknown> {
  for (;;) {
    try {
      return lazy._init!(lazy._payload);
    } catch (thrown) {
      if (typeof (thrown as Node | null)?.then !== "function") throw thrown;
      await thrown;
    }
  }
}
