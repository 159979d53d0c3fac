import { clip } from "../errors/clip.ts";

/** The way into a value: names and indexes, and keys of Maps. A member of a Set has no name. */
export type PathSegment = string | number | { readonly key: unknown } | undefined;

/** Says why a value, or the text of one, is outside of the grammar, and where. */
export class ValueRefusal extends Error {
  /** The way to the refused part, such as `value.users[0]`. */
  readonly path: string;
  /** True where the value is too large, and nothing else is wrong with it. */
  readonly isTooLarge: boolean;

  constructor(reason: string, path: readonly PathSegment[] = [], { isTooLarge = false } = {}) {
    super(reason);
    this.name = "ValueRefusal";
    this.path = `value${path.map(toText).join("")}`;
    this.isTooLarge = isTooLarge;
  }
}

function toText(segment: PathSegment): string {
  if (segment === undefined) return "";
  if (typeof segment === "number") return `[${segment}]`;
  if (typeof segment === "string")
    return /^[a-zA-Z_$][\w$]*$/.test(segment) ? `.${segment}` : `[${JSON.stringify(segment)}]`;
  return `.get(${nameOf(segment.key)})`;
}

function nameOf(key: unknown): string {
  if (typeof key === "string") return JSON.stringify(key);
  return typeof key === "object" && key !== null ? "..." : clip(key);
}
