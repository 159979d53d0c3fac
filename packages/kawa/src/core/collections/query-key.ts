import { internalMark } from "../backend/key.ts";
import type { IndexFields } from "./entries.ts";

/** What a query asks for, in terms of an index: it says no more of `where` and `after` than between which entries its rows are. */
export type QuerySpec = {
  /** Prefix of the rows' keys. */
  readonly collection: string;
  /** `count` asks how many entries there are between the bounds. */
  readonly kind: "rows" | "count";
  readonly index: IndexFields;
  /** The first entry that may be found, and the first that comes after all of them. */
  readonly from: string;
  readonly to: string;
  readonly isDescending: boolean;
  /** Most rows; 0 where they are counted. */
  readonly limit: number;
};

/** Most rows of one query. */
export const maxQueryLimit = 1_000;
/** Longest key of a query, in characters. */
export const maxQueryKeyLength = 1_024;

const prefix = `${internalMark}query:`;
const mark = "\x01";

/** Key under which a backend shows the ids of a query's rows in order, or their count. It is never written: it follows from the rows. */
export function queryKey({ collection, kind, index, from, to, isDescending, limit }: QuerySpec): string {
  return `${prefix}${collection}${mark}${JSON.stringify([kind, index, from, to, isDescending, limit])}`;
}

export function isQueryKey(key: string): boolean {
  return key.startsWith(prefix);
}

/** Prefix of the rows that the key of a query is about; undefined for every other key. */
export function queriedCollection(key: string): string | undefined {
  const at = isQueryKey(key) ? key.indexOf(mark, prefix.length) : -1;
  return at < 0 ? undefined : key.slice(prefix.length, at);
}

/** What the key of a query asks for; undefined for every other key, and for one that is not written as {@link queryKey} writes it. */
export function querySpec(key: string): QuerySpec | undefined {
  const collection = key.length > maxQueryKeyLength ? undefined : queriedCollection(key);
  if (collection === undefined) return undefined;
  const spec = specIn(collection, key.slice(prefix.length + collection.length + 1));
  return spec && queryKey(spec) === key ? spec : undefined;
}

function specIn(collection: string, text: string): QuerySpec | undefined {
  const parts = parsed(text);
  if (!Array.isArray(parts) || parts.length !== 6) return undefined;
  const [kind, index, from, to, isDescending, limit] = parts as unknown[];
  const isSpec =
    (kind === "rows" || kind === "count") &&
    Array.isArray(index) &&
    index.every((field) => typeof field === "string") &&
    isBound(from) &&
    isBound(to) &&
    typeof isDescending === "boolean" &&
    Number.isInteger(limit) &&
    (kind === "count" ? limit === 0 : (limit as number) >= 1 && (limit as number) <= maxQueryLimit);
  return isSpec ? ({ collection, kind, index, from, to, isDescending, limit } as QuerySpec) : undefined;
}

/** What entries consist of, and what sorts before and after them: a storage may take no other characters, such as NUL. */
function isBound(value: unknown): value is string {
  return typeof value === "string" && /^[ -\x7f]*$/.test(value.replaceAll("\x01", ""));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
