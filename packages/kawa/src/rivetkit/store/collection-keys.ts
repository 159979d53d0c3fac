import { serverKey } from "../../core/backend/key.ts";
import { type IndexFields, indexName } from "../../core/collections/entries.ts";
import { encodeValue } from "../../core/value/value.ts";
import { coldKey } from "../storage/cold-keys.ts";
import type { KeyRange } from "../storage/storage.ts";

const mark = "\x01";

/** What names an index in the store. */
export type IndexOf = { readonly collection: string; readonly index: IndexFields };

/** Start of the keys that say which collections and indexes there are. */
export const definedPrefix: string = serverKey("collection:");
const builtPrefix = serverKey("built:");

/** What is stored under a key that defines something. */
export const definedText: string = encodeValue("collection", true);

/** Says that an index of a collection is wanted; the one without fields, that there is the collection. */
export function definedKey({ collection, index }: IndexOf): string {
  return `${definedPrefix}${collection}${mark}${indexName(index)}`;
}

/** Says that an index has all rows. */
export function builtKey({ collection, index }: IndexOf): string {
  return `${builtPrefix}${collection}${mark}${indexName(index)}`;
}

export function definedIn(key: string): IndexOf | undefined {
  return indexIn(key, definedPrefix);
}

export function builtIn(key: string): IndexOf | undefined {
  return indexIn(key, builtPrefix);
}

function indexIn(key: string, prefix: string): IndexOf | undefined {
  const at = key.startsWith(prefix) ? key.indexOf(mark) : -1;
  if (at < 0) return undefined;
  const name = key.slice(at + 1);
  return { collection: key.slice(prefix.length, at), index: name === "" ? [] : name.split(",") };
}

/** Where the storage keeps a row; these keys are in the order of the ids, so they are the index without fields. */
export function rowKey(collection: string, id: string): string {
  return `${baseOf({ collection, index: [] })}:${id}`;
}

/** Start of the keys under which the storage keeps the rows of a collection. */
export function rowPrefixOf(collection: string): string {
  return baseOf({ collection, index: [] });
}

/** What the storage keeps of an entry: the end of the key of its row. */
export function entryText(key: string): string {
  return key.slice(key.lastIndexOf(":"));
}

/** The key of the signal whose row the storage keeps under a key. */
export function signalKeyOf(collection: string, stored: string): string {
  return collection + entryText(stored);
}

/** Where the storage keeps an entry of an index. */
export function entryKey(of: IndexOf, entry: string): string {
  return baseOf(of) + entry;
}

export function entryRange(of: IndexOf, { from, to }: KeyRange): KeyRange {
  return { from: baseOf(of) + from, to: baseOf(of) + to };
}

export function entryIn(of: IndexOf, key: string): string {
  return key.slice(baseOf(of).length);
}

function baseOf({ collection, index }: IndexOf): string {
  return coldKey(index.length === 0 ? `r:${collection}${mark}` : `i:${collection}${mark}${indexName(index)}${mark}`);
}
