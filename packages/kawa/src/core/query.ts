import { isLeftOut } from "#platform";
import type { OperationOptions, Reader } from "./backend/backend.ts";
import type { Readable } from "./backend/reads.ts";
import { entryOf } from "./collections/entries.ts";
import { insertionPoint, isBetween } from "./collections/ranges.ts";
import type { QuerySpec } from "./collections/query-key.ts";
import { computed } from "./computed.ts";
import type { KawaError } from "./errors/errors.ts";
import type { BackedSignal } from "./signal.ts";

/** A row of a collection: its id, and its value. */
export type Row<T> = { readonly id: string; readonly value: T; readonly error?: undefined };

/** A row whose value cannot be shown: `error` has one of the codes VALUE_INVALID, VALUE_NOT_MIGRATED, VALUE_TOO_NEW, VALUE_UNREADABLE. */
export type InvalidRow = { readonly id: string; readonly value?: undefined; readonly error: KawaError };

export type AnyRow<T> = Row<T> | InvalidRow;

/** A value that is read like a signal, and is written by nobody. */
export interface LiveValue<T> extends Readable<T> {
  /** @internal */
  readonly key: string;
  /** The current value, loaded first where this process does not know it. @throws {KawaError} as `get` of a signal, and INDEX_BUILDING */
  get(options?: OperationOptions): Promise<T>;
  /** @internal Undefined for a count, which is a signal. */
  readonly parts?: LiveParts<T>;
}

/** What a value is made of that shows rows of a collection. */
interface LiveParts<T> {
  /** The ids of the rows. */
  readonly list: BackedSignal<readonly string[]>;
  rowSignal(id: string): BackedSignal<unknown>;
  /** The rows that a value shows. */
  rowsIn(value: T): readonly AnyRow<unknown>[];
  load(reader: Reader): Promise<T>;
}

/** The rows that a query finds, in its order. Read it with `useReactive`. */
export interface Query<T, R = Row<T>> extends LiveValue<readonly R[]> {
  /** Where the query after this row begins: give it as `after`. It stays right while rows come and go. */
  cursorOf(row: Row<T>): string;
  /** @internal */
  readonly parts: LiveParts<readonly R[]>;
}

export type QueryParts<T> = {
  readonly spec: QuerySpec;
  /** The ids of the rows. */
  readonly list: BackedSignal<readonly string[]>;
  readonly rowSignal: (id: string) => BackedSignal<T | undefined>;
  /** Ids of the rows that were written here, and that the list may not have at their places yet. */
  readonly written: () => ReadonlySet<string>;
  /** Shows what is wrong with a row whose value cannot be shown. */
  readonly showsInvalid: boolean;
};

export function createQuery<T extends object>(parts: QueryParts<T>): Query<T, AnyRow<T>> {
  const { spec, list, rowSignal, written, showsInvalid } = parts;
  /** Readers compare rows: one that is the same as before is the same object. */
  const made = new WeakMap<object, AnyRow<T>>();
  const rowFor = (of: object, row: AnyRow<T>): AnyRow<T> => {
    const known = made.get(of);
    if (known?.id === row.id) return known;
    made.set(of, Object.freeze(row));
    return row;
  };
  const rowsOf = (ids: readonly string[], valueOf: (id: string) => T | undefined): readonly AnyRow<T>[] =>
    ids.flatMap((id) => {
      try {
        const value = valueOf(id);
        // A list may be of a later version than a row, or a hook may show the list and not the row.
        return value === undefined ? [] : [rowFor(value, { id, value })];
      } catch (error) {
        if (!isLeftOut(rowSignal(id).key, error)) throw error;
        return showsInvalid ? [rowFor(error, { id, error })] : [];
      }
    });
  const rows = computed(() => {
    const ids = list.value;
    const moved = written();
    const known = moved.size === 0 ? ids : [...new Set([...ids, ...moved])];
    const shown = rowsOf(known, (id) => rowSignal(id).value);
    return moved.size === 0 ? shown : placed(shown, moved, spec);
  });
  const load = async (reader: Reader): Promise<readonly AnyRow<T>[]> => {
    await reader.load([list.key]);
    const ids = list.valueIn(reader.entry(list.key).peek());
    const signals = new Map(ids.map((id) => [id, rowSignal(id)]));
    if (signals.size > 0) await reader.load([...signals.values()].map(({ key }) => key));
    return rowsOf(ids, (id) => signals.get(id)!.valueIn(reader.entry(signals.get(id)!.key).peek()));
  };
  return {
    key: list.key,
    parts: { list, rowSignal: rowSignal as (id: string) => BackedSignal<unknown>, rowsIn: (shown) => shown, load },
    get value() {
      return rows.value;
    },
    peek: () => rows.peek(),
    subscribe: (listener) => rows.subscribe(listener),
    get: async (options) => load(await list.backendNow.readerFor(options)),
    cursorOf: ({ id, value }) => entryOf(spec.index, id, value),
  };
}

/** The rows with those that were written here at their places. The others stay in the order in which they are. */
function placed<T>(rows: readonly AnyRow<T>[], moved: ReadonlySet<string>, spec: QuerySpec): readonly AnyRow<T>[] {
  const entryFor = ({ id, value }: AnyRow<T>): string => entryOf(spec.index, id, value);
  const placedRows = rows.filter(({ id, error }) => !error && !moved.has(id));
  for (const row of rows) {
    const entry = entryFor(row);
    if (row.error || !moved.has(row.id) || !isBetween(spec, entry)) continue;
    placedRows.splice(insertionPoint(placedRows.map(entryFor), entry, spec.isDescending), 0, row);
  }
  // A row without a value has no place of its own: it stays where it is.
  for (const [at, row] of rows.entries()) if (row.error) placedRows.splice(at, 0, row);
  return placedRows.slice(0, spec.limit);
}

/** The first row of a query. What is wrong with its value is thrown. */
export function firstOf<T>(query: Query<T, AnyRow<T>>): LiveValue<Row<T> | undefined> {
  const firstIn = ([row]: readonly AnyRow<T>[]): Row<T> | undefined => {
    if (row?.error) throw row.error;
    return row;
  };
  const first = computed(() => firstIn(query.value));
  const { parts } = query;
  return {
    key: `${query.key}:first`,
    parts: {
      ...parts,
      rowsIn: (row) => (row ? [row] : []),
      load: async (reader) => firstIn(await parts.load(reader)),
    },
    get value() {
      return first.value;
    },
    peek: () => first.peek(),
    subscribe: (listener) => first.subscribe(listener),
    get: async (options) => firstIn(await query.get(options)),
  };
}
