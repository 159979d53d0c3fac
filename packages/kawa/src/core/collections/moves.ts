import { entryOf, type IndexFields } from "./entries.ts";
import type { Move } from "./open-windows.ts";

/** A row that changes: undefined where there is none. */
export type RowChange = {
  readonly collection: string;
  readonly id: string;
  readonly before: { readonly value: unknown } | undefined;
  readonly after: { readonly value: unknown } | undefined;
};

/** How a row moves in the indexes of its collection. Those in which it stays where it is are left out, unless they are asked for. */
export function movesOf(
  { collection, id, before, after }: RowChange,
  indexes: Iterable<IndexFields>,
  { withStays = false } = {},
): Move[] {
  const moves: Move[] = [];
  for (const index of indexes) {
    const removed = before && entryOf(index, id, before.value);
    const added = after && entryOf(index, id, after.value);
    if (removed !== added || (withStays && added !== undefined)) moves.push({ collection, index, removed, added });
  }
  return moves;
}

/** The index that all collections have: the rows in the order of their ids. */
export const idIndex: IndexFields = [];
