import type { Entry } from "../../core/backend/backend.ts";
import { querySpec } from "../../core/collections/query-key.ts";
import { leaveOut } from "../../core/value/unreadable.ts";
import type { BackedSignal } from "../../core/signal.ts";
import type { ValueRow } from "../../browser/value-protocol.ts";
import { toValueRow } from "../../browser/value-row.ts";

/**
 * The rows that a query shows, as far as this server knows them; none for a key of another kind. They are sent with its list, so that no browser
 * has to ask for a row that has entered it. Whoever may read a query may read its rows, where no hook decides about reads.
 */
function rowsOfQuery({ backend, key, rowOf }: BackedSignal<unknown>, entry: Entry): readonly ValueRow[] {
  if (!rowOf || querySpec(key)?.kind !== "rows" || entry.state !== "present") return [];
  return (entry.value as readonly string[]).flatMap((id): ValueRow[] => {
    const row = rowOf(id);
    const known = backend.entry(row.key).peek();
    if (known.state !== "present") return [];
    try {
      return [toValueRow(row, known, { epoch: backend.version.epoch, isGuarded: false })];
    } catch (error) {
      if (leaveOut(row.key, error)) return [];
      throw error;
    }
  });
}

type Showing = {
  readonly entry: Entry;
  /** What the browser has, by key. */
  readonly known: Map<string, unknown>;
};

/** The rows that a stream sends because of its queries. Thousands may pass through one of them while the stream is open. */
export class QueryRows {
  /** Keys of rows that the browser has of the last list of each query, and did not ask for. */
  readonly #sent = new Map<string, readonly string[]>();

  /** The rows of a query. Those that have left it are no longer `known`. */
  shown(signal: BackedSignal<unknown>, { entry, known }: Showing): readonly ValueRow[] {
    const { key: query } = signal;
    const rows = rowsOfQuery(signal, entry);
    const keys = rows.map(([key]) => key);
    const before = new Set(this.#sent.get(query));
    if (keys.length === 0 && before.size === 0) return rows;
    this.#sent.set(
      query,
      keys.filter((key) => before.has(key) || !known.has(key)),
    );
    for (const key of keys) before.delete(key);
    for (const key of before) known.delete(key);
    return rows;
  }
}
