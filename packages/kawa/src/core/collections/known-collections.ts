import { processState } from "../process/process-state.ts";
import { type IndexFields, indexName } from "./entries.ts";
import { isQueryKey, querySpec } from "./query-key.ts";
import { rowOf } from "./row-id.ts";

/** Indexes of the collections that modules of this process have defined, by the name of each, by the prefix of their rows' keys. */
const known = processState("collections", () => new Map<string, Map<string, IndexFields>>());

/** Each copy of a module defines its collections once more, and two modules may want different indexes. */
export function defineCollection(prefix: string, indexes: readonly IndexFields[]): void {
  const all = known.get(prefix) ?? new Map<string, IndexFields>();
  for (const fields of indexes) all.set(indexName(fields), fields);
  known.set(prefix, all);
}

/** What this process has defined for the collection of a row, or of a query; undefined for every other key. */
export function definedFor(
  key: string,
): { readonly collection: string; readonly indexes: ReadonlyMap<string, IndexFields> } | undefined {
  if (known.size === 0) return undefined;
  const collection = isQueryKey(key) ? querySpec(key)?.collection : rowOf(key)?.collection;
  const indexes = collection === undefined ? undefined : known.get(collection);
  return indexes && { collection: collection!, indexes };
}
