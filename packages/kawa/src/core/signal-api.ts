import type { OperationOptions } from "./backend/backend.ts";
import type { Readable } from "./backend/reads.ts";
import type { Bounds } from "./value/commuting.ts";

/** What signals of all values have. */
export interface AnyValueSignal<T> extends Readable<T> {
  /** Whole key, such as `app:counter`. */
  readonly key: string;
  /** Shown while the signal has no value. */
  readonly initial: T;
  /**
   * Current value, as the actor has it for `context`: loaded first when this process does not know it yet.
   *
   * @throws {KawaError} ACTION_REFUSED - a hook of the actor refused it
   * @throws {KawaError} CONTEXT_UNAVAILABLE - the backend's `getContext` threw
   * @throws {KawaError} VALUE_UNREADABLE - what is stored is no value
   * @throws {KawaError} VALUE_INVALID, VALUE_NOT_MIGRATED, VALUE_TOO_NEW - what is stored does not fit the definition
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - the value could not be loaded
   * @throws {KawaError} RENDER_STATIC - `next build` is running, and would keep it
   */
  get(options?: OperationOptions): Promise<T>;
  /**
   * Writes a value, or what a function makes of the current one (then the same as {@link update}). The promise resolves
   * when the value is durable; on the server the value becomes visible at that same moment, never before.
   *
   * @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE - the value cannot be stored
   * @throws {KawaError} ACTION_REFUSED - a hook of the actor refused it
   * @throws {KawaError} CONTEXT_UNAVAILABLE - the backend's `getContext` threw
   * @throws {KawaError} HOOK_LOOP - hooks of actors ask for each other without end
   * @throws {KawaError} DISK_FAILED - the disk did not take it
   * @throws {KawaError} BACKEND_TIMEOUT, BACKEND_UNAVAILABLE, BACKEND_CLOSED - it was not confirmed
   * @throws {KawaError} RENDER_STATIC - `next build` is running
   * @throws {KawaError} RENDER_WRITE - a page is being rendered, in development; in production that is a warning
   */
  set(value: T | ((current: T) => T), options?: OperationOptions): Promise<void>;
  /**
   * Changes the value with a function of the current one, atomically across servers. `fn` may run more than once and must
   * be pure. Resolves with the new value when it is durable.
   *
   * @throws {KawaError} as {@link set}
   * @throws {KawaError} UPDATE_CONFLICT - other writers were faster for too long
   */
  update(fn: (current: T) => T, options?: OperationOptions): Promise<T>;
  /**
   * Removes the value: readers see {@link initial} again. Use `set` to keep a value, such as `null`. The promise resolves
   * when that is durable.
   *
   * @throws {KawaError} as {@link set}
   */
  delete(options?: OperationOptions): Promise<void>;
}

/** Of a signal that holds a number. */
export interface NumberChanges {
  /**
   * Adds to the number: many at once, on any servers, never conflict and never try again. Starts from the signal's default where nothing
   * is stored. Resolves with the number that it has made, when that is durable; no other increment resolves with the same one.
   *
   * @param by - what to add, also less than 0. @default 1
   * @throws {KawaError} CHANGE_REFUSED - the result would be out of `min` and `max`; nothing was changed
   * @throws {KawaError} as {@link AnyValueSignal.set}
   * @example
   * await stock.increment(-1, { min: 0 });
   */
  increment(by?: number, options?: Bounds & OperationOptions): Promise<number>;
}

/** Of a signal that holds a plain object. */
export interface ObjectChanges<T> {
  /**
   * Gives the object these fields, and leaves its other fields as they are then. See {@link NumberChanges.increment}.
   *
   * @throws {KawaError} CHANGE_REFUSED - it holds no plain object
   * @throws {KawaError} as {@link AnyValueSignal.set}
   */
  merge(patch: Partial<T>, options?: OperationOptions): Promise<void>;
}

/** Of a signal that holds an array or a Set. */
export interface ListChanges<Item> {
  /**
   * Adds items: to the end of an array, in the order in which the actor hears of them; to a Set those that are not in it. See
   * {@link NumberChanges.increment}.
   *
   * @throws {KawaError} CHANGE_REFUSED - it holds no array and no Set
   * @throws {KawaError} as {@link AnyValueSignal.set}
   */
  append(...items: Item[]): Promise<void>;
  /** Removes every item that is equal to this one, part by part. @throws {KawaError} as {@link ListChanges.append} */
  remove(item: Item, options?: OperationOptions): Promise<void>;
}

type Unmergeable =
  | ((...args: never) => unknown)
  | readonly unknown[]
  | ArrayBuffer
  | ArrayBufferView
  | Date
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>;

/** The changes that commute for values of type `T`; none where a type has no such changes. */
export type ChangesOf<T> = [T] extends [number]
  ? [number] extends [T]
    ? NumberChanges
    : unknown
  : [T] extends [ReadonlySet<infer Item>]
    ? ListChanges<Item>
    : [T] extends [readonly (infer Item)[]]
      ? number extends T["length"]
        ? ListChanges<Item>
        : unknown
      : [T] extends [object]
        ? [Extract<T, Unmergeable>] extends [never]
          ? ObjectChanges<T>
          : unknown
        : unknown;

/**
 * A named, shared, durable value. Read it in a server component with `useReactive(signal)`.
 *
 * Values that a signal gives out are safe to keep. Plain objects and arrays are frozen: to change one throws, so write a
 * copy (`set({ ...user, name })`). What cannot be frozen, such as a Date, Map or Set, is a copy of its own for each read,
 * which costs its decoding each time; in a hot path read it once and keep it.
 *
 * A number also has `increment`, a plain object `merge`, an array and a Set `append` and `remove`: changes that never conflict.
 */
export type Signal<T> = AnyValueSignal<T> & ChangesOf<T>;
