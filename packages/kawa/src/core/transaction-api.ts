import type { AnyValueSignal, Signal } from "./signal-api.ts";
import type { Bounds } from "./value/commuting.ts";

/** What a list or a Set consists of. */
export type ItemOf<T> = T extends ReadonlySet<infer Item> | readonly (infer Item)[] ? Item : never;

/** Reads and writes that belong together. Its writes happen at the end, all of them or none. */
export interface Transaction {
  /** The value, with what this transaction has written. All that one run reads is of one version. */
  get<T>(signal: AnyValueSignal<T>): Promise<T>;
  /** @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE - the value cannot be stored */
  set<T>(signal: AnyValueSignal<T>, value: T): void;
  /** Gives the value that it has made. */
  update<T>(signal: AnyValueSignal<T>, fn: (current: T) => T): Promise<T>;
  delete<T>(signal: AnyValueSignal<T>): void;
  /** As the signal's own; a refusal undoes the whole transaction. What the transaction does not read is in conflict with nobody. */
  increment(signal: Signal<number>, by?: number, bounds?: Bounds): void;
  merge<T extends object>(signal: Signal<T>, patch: Partial<T>): void;
  append<T extends readonly unknown[] | ReadonlySet<unknown>>(signal: AnyValueSignal<T>, ...items: ItemOf<T>[]): void;
  remove<T extends readonly unknown[] | ReadonlySet<unknown>>(signal: AnyValueSignal<T>, item: ItemOf<T>): void;
}
