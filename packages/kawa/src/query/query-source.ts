import type { Entry } from "../core/backend/backend.ts";
import type { LiveValue } from "../core/query.ts";
import { type BackedSignal, backed, type Signal } from "../core/signal.ts";

/** What `kawa/query` shows: a signal, or a query of a collection. */
export type QuerySource<T> = Signal<T> | LiveValue<T>;

/** What the query cache holds of a value. It has no undefined: there it has null. */
export type QueryData<T> = undefined extends T ? Exclude<T, undefined> | null : T;

export function dataOf<T>(value: T): QueryData<T> {
  return (value === undefined ? null : value) as QueryData<T>;
}

/** The signal whose entry is known first: that of the list, where rows are shown. */
export function leadOf(source: QuerySource<unknown>): BackedSignal<unknown> {
  return (partsOf(source)?.list as BackedSignal<unknown> | undefined) ?? backed(source as Signal<unknown>);
}

/** The keys of which a value is made, each with what it holds, the leading one first. */
export function heldBy(source: QuerySource<unknown>, value: unknown): readonly (readonly [string, unknown])[] {
  const parts = partsOf(source);
  if (!parts) return [[source.key, value]];
  const rows = parts.rowsIn(value);
  return [
    [parts.list.key, rows.map(({ id }) => id)],
    // One whose value cannot be shown holds nothing.
    ...rows.flatMap(({ id, value: held, error }) => (error ? [] : [[parts.rowSignal(id).key, held] as const])),
  ];
}

/** True when a reader knows all of which the value is made. */
export function isKnown(source: QuerySource<unknown>, entry: (key: string) => { peek(): Entry }): boolean {
  const has = (key: string): boolean => entry(key).peek().state !== "unknown";
  const parts = partsOf(source);
  if (!parts) return has(source.key);
  const { list, rowSignal } = parts;
  return has(list.key) && list.valueIn(entry(list.key).peek()).every((id) => has(rowSignal(id).key));
}

export function partsOf<T>(source: QuerySource<T>): LiveValue<T>["parts"] {
  return (source as LiveValue<T>).parts;
}
