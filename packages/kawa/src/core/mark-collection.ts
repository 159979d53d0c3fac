import { indexName } from "./collections/entries.ts";
import { defineCollection } from "./collections/known-collections.ts";
import { querySpec } from "./collections/query-key.ts";
import { rowOf } from "./collections/row-id.ts";
import { clip, KawaError, show } from "./errors/errors.ts";
import { exposureOf, type SignalOptions } from "./exposure.ts";
import { type ExposedFamily, markExposed } from "./family-pattern.ts";
import type { Indexes } from "./query-range.ts";
import type { Signal } from "./signal.ts";

export type RowSignals = (id: string) => Signal<unknown>;

export type CollectionDefinition = {
  readonly prefix: string;
  readonly indexes: Indexes;
  readonly options: SignalOptions<unknown>;
  readonly row: RowSignals;
  /** The signal of a query. */
  readonly shown: (key: string, initial: unknown) => Signal<unknown>;
};

/** Most rows of a query that a browser may ask for. */
const maxBrowserLimit = 200;
const maxIndexCount = 16;
const maxFieldCount = 8;

/**
 * Lets backends know of a collection, and the route find its rows and queries by their keys, where browsers may reach them.
 *
 * @throws {KawaError} OPTION_INVALID - an index cannot be made
 */
export function markCollection<C extends object>(rows: C, definition: CollectionDefinition): C {
  const { prefix, indexes, options, row, shown } = definition;
  const exposure = exposureOf(options);
  checkIndexes(prefix, indexes);
  defineCollection(prefix, Object.values(indexes));
  if (!exposure) return rows;
  const declared = new Set(["", ...Object.values(indexes).map(indexName)]);
  const find: ExposedFamily["find"] = (key) => {
    const spec = querySpec(key);
    if (spec) {
      const isOwn = spec.collection === prefix && declared.has(indexName(spec.index)) && spec.limit <= maxBrowserLimit;
      if (!isOwn) return undefined;
      const query = shown(key, spec.kind === "count" ? 0 : []);
      Object.assign(query, { rowOf: row });
      return query;
    }
    const found = rowOf(key);
    return found?.collection === prefix ? row(found.id) : undefined;
  };
  return markExposed(rows, { exposure, find, hasGroup: () => false });
}

function checkIndexes(prefix: string, indexes: Indexes): void {
  const all = Object.entries(indexes);
  const bad = all.find(
    ([, fields]) =>
      !Array.isArray(fields) ||
      fields.length === 0 ||
      fields.length > maxFieldCount ||
      new Set(fields).size < fields.length ||
      !fields.every((field) => typeof field === "string" && /^[\w$-]{1,64}$/.test(field)),
  );
  if (all.length <= maxIndexCount && !bad) return;
  const reason = bad
    ? `${show(bad[0])} must be a list of 1 to ${maxFieldCount} different names of fields, of letters, digits, "_", "$" and "-"`
    : `it has more than ${maxIndexCount}`;
  throw new KawaError("OPTION_INVALID", `The indexes of "${clip(prefix)}" cannot be made: ${reason}.`);
}
