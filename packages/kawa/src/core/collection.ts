import { composeKey, isOptimistic, markCollection } from "#platform";
import type { OperationOptions } from "./backend/backend.ts";
import { queryKey, type QuerySpec } from "./collections/query-key.ts";
import { checkRowId, newRowId } from "./collections/row-id.ts";
import { changedError } from "./backend/expected.ts";
import { batch, cell } from "./process/reactive.ts";
import { clip, KawaError } from "./errors/errors.ts";
import type { SignalOptions } from "./exposure.ts";
import type { Namespace } from "./namespace.ts";
import type { RowSignals } from "./mark-collection.ts";
import { type AnyRow, createQuery, firstOf, type InvalidRow, type LiveValue, type Query, type Row } from "./query.ts";
import { type Indexes, specOf, type Where } from "./query-range.ts";
import { type BackedSignal, backed, type Signal, signalOf } from "./signal.ts";

/** Options of {@link collection}. */
export type CollectionOptions<T> = SignalOptions<T> & {
  /** Fields whose values put rows in order, by names of your choice. A query needs one that begins with the fields of its `where`. */
  indexes?: Readonly<Record<string, readonly (keyof T & string)[]>>;
};

/** Options of a query of a {@link Collection}. */
export type QueryOptions<T> = {
  /** Name of the index to use. @default the first that serves `where`; without `where` the rows are in the order of their ids */
  index?: string;
  /** Values that the first fields of the index have, and a range of the next one. @default all rows */
  where?: Where<T>;
  /** @default "asc" */
  order?: "asc" | "desc";
  /** Most rows, from 1 to 1_000. @default 50 */
  limit?: number;
  /** Begins after the row of this cursor: {@link Query.cursorOf}. */
  after?: string | undefined;
  /**
   * What becomes of a row whose stored value does not fit the definition: `skip` leaves it out, and the server logs it once; `show` gives
   * `{ id, error }` in its place.
   *
   * @default "skip"
   */
  onInvalid?: "skip" | "show";
};

/** Rows of one kind, in the order of their ids and of their indexes. {@link collection} makes one. */
export interface Collection<T extends object> {
  /** The value of one row, an ordinary signal: undefined where there is none. */
  (id: string): Signal<T | undefined>;
  /** Start of the keys of all rows, such as `app:todos`. */
  readonly prefix: string;
  /**
   * Adds a row. Resolves with its id when it is durable. Ids that you do not give are in the order in which they were made.
   *
   * @throws {KawaError} UPDATE_CONFLICT - there is a row with this id
   * @throws {KawaError} KEY_INVALID - `id` cannot be one
   * @throws {KawaError} as `set` of a signal
   */
  insert(value: T, options?: OperationOptions & { readonly id?: string }): Promise<string>;
  /** Writes a row, whether it is there or not. @throws {KawaError} as `set` of a signal */
  upsert(id: string, value: T, options?: OperationOptions): Promise<void>;
  /**
   * Changes a row with a function of its current value, atomically across servers.
   *
   * @throws {KawaError} ROW_MISSING - there is no such row
   * @throws {KawaError} as `update` of a signal
   */
  update(id: string, fn: (current: T) => T, options?: OperationOptions): Promise<T>;
  /** Removes a row. @throws {KawaError} as `delete` of a signal */
  delete(id: string, options?: OperationOptions): Promise<void>;
  /** The current value of a row. @throws {KawaError} as `get` of a signal */
  get(id: string, options?: OperationOptions): Promise<T | undefined>;
  /**
   * Some rows in order, kept up to date.
   *
   * @throws {KawaError} INDEX_MISSING - no index has these rows together
   * @throws {KawaError} OPTION_INVALID - an option cannot be meant
   * @example
   * const players = collection<{ team: string; score: number }>(app, "players", { indexes: { byTeam: ["team", "score"] } });
   * const best = players.query({ where: { team: "red" }, order: "desc", limit: 10 });
   * useReactive(best).map(({ id, value }) => <li key={id}>{value.score}</li>);
   */
  query(options: QueryOptions<T> & { onInvalid: "show" }): Query<T, Row<T> | InvalidRow>;
  query(options?: QueryOptions<T>): Query<T>;
  /** The first row of a query. @throws {KawaError} as {@link query}; and as {@link get} where its value does not fit */
  first(options?: Omit<QueryOptions<T>, "limit" | "onInvalid">): LiveValue<Row<T> | undefined>;
  /** How many rows a query would find without a limit. @throws {KawaError} as {@link query} */
  count(options?: Pick<QueryOptions<T>, "index" | "where">): LiveValue<number>;
}

/** The ways to read one query. */
type Queries<T> = {
  readonly skip: Query<T>;
  readonly show: Query<T, AnyRow<T>>;
  readonly first: LiveValue<Row<T> | undefined>;
};

/** The list of a query comes to a browser with the answer to its write, or a little later. */
const settledMs = 3_000;

/**
 * Rows of one kind, of which pages show some at a time: `collection(app, "todos", { … })`. Each row is a signal with a key of its own, such as
 * `app:todos:<id>`, so hooks, exposure and live updates are those of signals. Servers and the actor hold only what is shown.
 *
 * @throws {KawaError} OPTION_INVALID - an index cannot be made
 * @throws {KawaError} KEY_INVALID - the name cannot be part of a key
 * @example
 * const players = collection<{ team: string; score: number }>(app, "players", { indexes: { byTeam: ["team", "score"] } });
 * const id = await players.insert({ team: "red", score: 0 });
 * await players.update(id, (player) => ({ ...player, score: player.score + 1 }));
 */
export function collection<T extends object>(
  namespace: Namespace,
  name: string,
  { indexes: given = {}, ...options }: CollectionOptions<T> = {},
): Collection<T> {
  const prefix = composeKey(namespace.prefix, name);
  const indexes: Indexes = given;
  const row = (id: string): BackedSignal<T | undefined> => {
    checkRowId(id);
    const found = backed(
      namespace.signal<T | undefined>(`${name}:${id}`, undefined, options as SignalOptions<T | undefined>),
    );
    if (isOptimistic) found.place = (work) => void writing(id, () => work).catch(() => {});
    return found;
  };
  const shown = <V>(key: string, initial: V): BackedSignal<V> =>
    signalOf<V>({
      key,
      initial,
      backend: namespace.definition.backend,
      options: options.expose && { expose: "read" },
    });
  const written = cell<readonly string[]>([]);
  /** Has queries show a row at its place while a browser writes it, and until the server has told them of it. */
  const writing = <R>(id: string, write: () => Promise<R>): Promise<R> => {
    if (!isOptimistic) return write();
    const end = (): void => void (written.value = written.value.toSpliced(written.value.indexOf(id), 1));
    return batch(() => {
      written.value = [...written.value, id];
      return write().then(
        (result) => {
          setTimeout(end, settledMs);
          return result;
        },
        (error) => {
          end();
          throw error;
        },
      );
    });
  };
  // React has to be given the same readable in each render.
  const made = new WeakMap<object, Queries<T>>();
  const queried = (spec: QuerySpec): Queries<T> => {
    const list = shown<readonly string[]>(queryKey(spec), []);
    let found = made.get(list);
    if (!found) {
      const create = (showsInvalid: boolean): Query<T, AnyRow<T>> =>
        createQuery({ spec, list, rowSignal: row, written: () => new Set(written.value), showsInvalid });
      const show = create(true);
      made.set(list, (found = { skip: create(false) as Query<T>, show, first: firstOf(show) }));
    }
    return found;
  };
  const specFor = (kind: QuerySpec["kind"], options: QueryOptions<T> = {}): QuerySpec =>
    specOf({ collection: prefix, indexes, kind }, options as QueryOptions<Record<string, unknown>>);
  const rows: Collection<T> = Object.assign(
    (id: string): Signal<T | undefined> => row(id) as unknown as Signal<T | undefined>,
    {
      prefix,
      async insert(value: T, { id, ...how }: OperationOptions & { readonly id?: string } = {}) {
        const given = id ?? newRowId();
        const add = (current: T | undefined): T => {
          if (current !== undefined) throw changedError(row(given).key);
          return value;
        };
        // Nobody else makes the same id.
        await writing<unknown>(given, () =>
          id === undefined ? row(given).set(value, how) : row(given).update(add, how),
        );
        return given;
      },
      upsert: (id: string, value: T, how?: OperationOptions) => writing(id, () => row(id).set(value, how)),
      update: (id: string, fn: (current: T) => T, how?: OperationOptions) => {
        const change = (current: T | undefined): T => {
          if (current === undefined) throw rowMissing(prefix, id);
          return fn(current);
        };
        return writing(id, () => row(id).update(change, how)) as Promise<T>;
      },
      delete: (id: string, how?: OperationOptions) => writing(id, () => row(id).delete(how)),
      get: (id: string, how?: OperationOptions) => row(id).get(how),
      query: (asked?: QueryOptions<T>) => {
        const { skip, show } = queried(specFor("rows", asked));
        return (asked?.onInvalid === "show" ? show : skip) as Query<T>;
      },
      first: (asked?: QueryOptions<T>) => queried(specFor("rows", { ...asked, limit: 1 })).first,
      count: (asked?: QueryOptions<T>): LiveValue<number> => shown(queryKey(specFor("count", asked)), 0),
    },
  );
  return markCollection(rows, { prefix, indexes, options, row: row as RowSignals, shown });
}

function rowMissing(prefix: string, id: string): KawaError {
  return new KawaError(
    "ROW_MISSING",
    `"${clip(prefix)}" has no row "${clip(id)}". It was deleted, or never there; insert it.`,
    {
      data: { collection: prefix, id },
    },
  );
}
