import { orderKey } from "./order-key.ts";

/** Fields by whose values rows are in order; none where they are in the order of their ids. */
export type IndexFields = readonly string[];

/** Names an index: builds of an app that run side by side mean the same by it. */
export function indexName(fields: IndexFields): string {
  return fields.join(",");
}

const mark = ":";

/** The place of a row in an index. Entries are in the order of the values of its fields, then of the ids. */
export function entryOf(fields: IndexFields, id: string, value: unknown): string {
  return sortKeyOf(fields, value) + mark + id;
}

function sortKeyOf(fields: IndexFields, value: unknown): string {
  let key = "";
  for (const field of fields) key += orderKey(fieldOf(value, field));
  return key;
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, field)
    ? (value as Readonly<Record<string, unknown>>)[field]
    : undefined;
}

/** The id of the row that has an entry. */
export function idIn(entry: string): string {
  return entry.slice(entry.lastIndexOf(mark) + 1);
}
