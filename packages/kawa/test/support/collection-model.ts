import fc from "fast-check";
import type { Backend } from "../../src/core/backend/backend.ts";
import { collection, type Collection, type QueryOptions } from "../../src/core/collection.ts";
import { namespace } from "../../src/core/namespace.ts";
import type { LiveValue, Query } from "../../src/core/query.ts";
import type { Range } from "../../src/core/query-range.ts";

export type Item = { readonly group: string | null; readonly rank: number | undefined; readonly name: string };

type Rows = {
  upsert(id: string, value: Item): unknown;
  delete(id: string): unknown;
};

export type CollectionStep = { readonly text: string; apply(rows: Rows): Promise<void> | void };

const ids = "abcdefghijkl".split("");
const groups = ["x", "y", null] as const;
const item: fc.Arbitrary<Item> = fc.record({
  group: fc.constantFrom(...groups),
  rank: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: -3, max: 3 }) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  ),
  name: fc.constantFrom("", "a", "ab", "b", "Ä", "\u{10000}", "\uFFFF"),
});

const step: fc.Arbitrary<CollectionStep> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ id: fc.constantFrom(...ids), value: item }).map(({ id, value }) => ({
      text: `upsert ${id} ${JSON.stringify(value)}`,
      apply: (rows: Rows) => rows.upsert(id, value) as Promise<void>,
    })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(...ids).map((id) => ({
      text: `delete ${id}`,
      apply: (rows: Rows) => rows.delete(id) as Promise<void>,
    })),
  },
);

/** Changes of a few rows, so that they meet. */
export const collectionSteps: fc.Arbitrary<CollectionStep[]> = fc.array(step, { minLength: 1, maxLength: 40 });

const rank = fc.integer({ min: -3, max: 3 });
const range = fc.record({ gt: rank, gte: rank, lt: rank, lte: rank }, { requiredKeys: [] });

export type PlainQuery = QueryOptions<Item> & { readonly afterRow?: number | undefined };

const plainQuery: fc.Arbitrary<PlainQuery> = fc
  .record({
    index: fc.constantFrom(undefined, "byGroup", "byName"),
    group: fc.constantFrom(...groups),
    rank: fc.oneof(range, rank),
    order: fc.constantFrom("asc" as const, "desc" as const),
    limit: fc.constantFrom(1, 2, 3, 50),
    cursor: fc.option(fc.record({ id: fc.constantFrom(...ids), value: item }), { nil: undefined }),
  })
  .map(({ index, group, rank, order, limit, cursor }) => {
    const isRange = typeof rank === "object";
    const where =
      index === "byGroup" ? { group, ...(isRange && Object.keys(rank).length === 0 ? {} : { rank }) } : undefined;
    return {
      order,
      limit,
      ...(index && { index }),
      ...(where && { where }),
      ...(cursor && { after: cursorOf({ ...(index && { index }) }, cursor) }),
    };
  });

export const plainQueries: fc.Arbitrary<PlainQuery[]> = fc.array(plainQuery, { minLength: 1, maxLength: 5 });

const indexes = { byGroup: ["group", "rank"], byName: ["name"] } as const;

export function itemsIn(backend: Backend, name = "model"): Collection<Item> {
  return collection<Item>(namespace(name, { backend }), "items", { indexes });
}

type Asked = { readonly query: Query<Item>; readonly counted: LiveValue<number>; readonly options: PlainQuery };

export function queriesOf(
  backend: Backend,
  asked: readonly PlainQuery[],
  name?: string,
): { rows: Collection<Item>; queries: Asked[] } {
  const rows = itemsIn(backend, name);
  const queries = asked.map((options) => {
    const { index, where } = options;
    const counted = rows.count({ ...(index && { index }), ...(where && { where }) });
    return { query: rows.query(options), counted, options };
  });
  return { rows, queries };
}

function cursorOf(options: QueryOptions<Item>, row: { readonly id: string; readonly value: Item }): string {
  return collection<Item>(namespace("model"), "items", { indexes }).query(options).cursorOf(row);
}

/** The fields of the indexes. */
export const itemIndexes: readonly (readonly string[])[] = Object.values(indexes);

type PlainRow = { readonly id: string; readonly value: Item };

/** The same rows in an array. */
export class PlainRows implements Rows {
  readonly #rows = new Map<string, Item>();

  upsert(id: string, value: Item): void {
    this.#rows.set(id, value);
  }

  delete(id: string): void {
    this.#rows.delete(id);
  }

  count({ where }: QueryOptions<Item>): number {
    return this.#matching(where).length;
  }

  query({ index, where, order = "asc", limit = 50, after }: QueryOptions<Item>): PlainRow[] {
    const name = index as keyof typeof indexes | undefined;
    const fields: readonly (keyof Item)[] = name ? indexes[name] : [];
    const sign = order === "asc" ? 1 : -1;
    const sorted = this.#matching(where).sort((one, other) => sign * comparePlain(fields, one, other));
    // The cursor of a row says as much as the row.
    const begins = (row: PlainRow): boolean => {
      if (after === undefined) return true;
      const own = cursorOf({ ...(index && { index }) }, row);
      return order === "asc" ? own > after : own < after;
    };
    return sorted.filter(begins).slice(0, limit);
  }

  #matching(where: QueryOptions<Item>["where"] = {}): PlainRow[] {
    return [...this.#rows]
      .map(([id, value]) => ({ id, value }))
      .filter(({ value }) =>
        Object.entries(where).every(([field, asked]) => matches(value[field as keyof Item], asked)),
      );
  }
}

function matches(value: unknown, asked: unknown): boolean {
  if (typeof asked !== "object" || asked === null) return value === asked;
  if (typeof value !== "number") return false;
  const { gt = -Infinity, gte = -Infinity, lt = Infinity, lte = Infinity } = asked as Range<number>;
  return value > gt && value >= gte && value < lt && value <= lte;
}

/** Undefined comes before null, and null before other values. */
const kinds = (value: unknown): number => (value === undefined ? 0 : value === null ? 1 : 2);

function comparePlain(fields: readonly (keyof Item)[], one: PlainRow, other: PlainRow): number {
  for (const field of fields) {
    const [a, b] = [one.value[field], other.value[field]];
    if (kinds(a) !== kinds(b)) return kinds(a) - kinds(b);
    if (a !== b) return a! < b! ? -1 : 1;
  }
  return one.id < other.id ? -1 : 1;
}
