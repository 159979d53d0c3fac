import { idIndex } from "../../core/collections/moves.ts";
import type { ColdRows } from "../storage/storage.ts";
import { maxReplySize } from "../wire/max-reply-size.ts";
import { type Replies, type Requests, type Row, sizeOf } from "../wire/protocol.ts";
import { entryIn, entryRange, signalKeyOf } from "./collection-keys.ts";

const rowsAtOnce = 500;
/** So few that their values are no burden where they are as large as they may be. */
const fetchedAtOnce = 50;

/** A page of the rows that the storage has, in the order of their ids. One that is written meanwhile may be missing, or newer. */
export async function collectionPage(
  storage: ColdRows,
  { collection, after, withValues }: Requests["rows"],
): Promise<Replies["rows"]> {
  const of = { collection, index: idIndex };
  const range = entryRange(of, { from: after === "" ? "\x01" : `:${after}\x01`, to: "\x7f" });
  const keys = await storage.keys({ ...range, isDescending: false, limit: rowsAtOnce });
  const [lastKey] = after === "" ? await storage.keys({ ...range, isDescending: true, limit: 1 }) : [];
  const last = lastKey === undefined ? {} : { last: idOf(lastKey) };
  const rows: Row[] = [];
  let size = 0;
  for (let at = 0; at < keys.length; at += fetchedAtOnce) {
    const asked = keys.slice(at, at + fetchedAtOnce);
    const found = new Map((await storage.get(asked)).map((row) => [row.key, row]));
    for (const [index, key] of asked.entries()) {
      const row = found.get(key);
      if (row) rows.push([signalKeyOf(collection, key), withValues ? row.text : null, row.seq]);
      size += row ? sizeOf([key, row.text, row.seq]) : 0;
      if (size > maxReplySize && at + index + 1 < keys.length) return { rows, after: idOf(key), ...last };
    }
  }
  return { rows, after: keys.length < rowsAtOnce ? null : idOf(keys.at(-1)!), ...last };

  function idOf(key: string): string {
    return entryIn(of, key).slice(1);
  }
}
