import { clip, KawaError, show } from "../errors/errors.ts";
import { type IndexFields, indexName } from "./entries.ts";

/** Names the index to add; without fields there is no such collection. `asked` is the name of the index that does not serve the query. */
export function indexMissing(collection: string, fields: IndexFields, asked?: string): KawaError {
  const name = clip(collection);
  const message =
    fields.length === 0
      ? `There is no collection "${name}". Define it with collection().`
      : `No index of "${name}" has the rows of this query together${asked === undefined ? "" : `, ${show(asked)} has not`}. ` +
        `Add one to its definition that begins with: ${clip(indexName(fields))}.`;
  return new KawaError("INDEX_MISSING", message, { data: { collection, fields } });
}
