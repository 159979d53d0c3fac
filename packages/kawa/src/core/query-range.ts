import type { IndexFields } from "./collections/entries.ts";
import { afterAll, isIndexValue, kindOf, orderKey } from "./collections/order-key.ts";
import { maxQueryKeyLength, maxQueryLimit, queryKey, type QuerySpec } from "./collections/query-key.ts";
import { indexMissing } from "./collections/index-missing.ts";
import { KawaError, show } from "./errors/errors.ts";

/** Values of a field between two bounds, of one kind: numbers are compared with numbers alone. */
export type Range<V> = { readonly gt?: V; readonly gte?: V; readonly lt?: V; readonly lte?: V };

/** Which rows a query finds: those that have these values, and at most one field in a range. */
export type Where<T> = { readonly [K in keyof T]?: T[K] | Range<T[K]> };

export type RangeOptions = {
  readonly index?: string | undefined;
  readonly where?: Where<Record<string, unknown>> | undefined;
  readonly order?: "asc" | "desc" | undefined;
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
};

export type Indexes = Readonly<Record<string, IndexFields>>;

const defaultLimit = 50;
/** Sorts after an entry and before every later one. */
const afterEntry = "\x01";

/**
 * What a query asks of an index.
 *
 * @throws {KawaError} INDEX_MISSING - no index has its rows together
 * @throws {KawaError} OPTION_INVALID - an option cannot be meant
 */
export function specOf(
  { collection, indexes, kind }: { collection: string; indexes: Indexes; kind: QuerySpec["kind"] },
  { index, where = {}, order = "asc", limit = defaultLimit, after }: RangeOptions,
): QuerySpec {
  // A value that is missing by mistake must not find all rows: it finds those that have none.
  const asked = Object.entries(where);
  const ranges = asked.filter(([, value]) => isRange(value)) as [string, Range<unknown>][];
  const equal = new Map(asked.filter(([, value]) => !isRange(value)));
  if (ranges.length > 1)
    throw invalid(`its ranges are of several fields: ${ranges.map(([field]) => field).join(", ")}`);
  if (order !== "asc" && order !== "desc") throw invalid(`its order is ${show(order)}, not "asc" or "desc"`);
  if (!Number.isInteger(limit) || limit < 1 || limit > maxQueryLimit)
    throw invalid(`its limit is ${show(limit)}, not a whole number from 1 to ${maxQueryLimit}`);
  const rangeField = ranges[0]?.[0];
  const fields = chosen({ collection, indexes, index, equal: [...equal.keys()], rangeField });
  const start = fields
    .slice(0, equal.size)
    .map((field) => orderKey(checked(field, equal.get(field))))
    .join("");
  let { from, to } = ranges[0] ? inRange(start, ranges[0]) : { from: start, to: start + afterAll };
  const isDescending = order === "desc";
  if (after !== undefined) {
    if (typeof after !== "string" || !/^[ -~]*:[!-~]+$/.test(after))
      throw invalid(`after is ${show(after)}, and no cursor`);
    if (isDescending) to = after < to ? after : to;
    else if (after + afterEntry > from) from = after + afterEntry;
  }
  // Nothing is between bounds that cross.
  if (to < from) to = from;
  const isCount = kind === "count";
  const spec = {
    collection,
    kind,
    index: fields,
    from,
    to,
    isDescending: isDescending && !isCount,
    limit: isCount ? 0 : limit,
  };
  if (queryKey(spec).length > maxQueryKeyLength) throw invalid("its values are too long");
  return spec;
}

type Wanted = {
  readonly collection: string;
  readonly indexes: Indexes;
  readonly index: string | undefined;
  readonly equal: readonly string[];
  readonly rangeField: string | undefined;
};

/** The first index that begins with the fields that are to be equal, followed by the one of the range. */
function chosen({ collection, indexes, index, equal, rangeField }: Wanted): IndexFields {
  if (index !== undefined && !Object.hasOwn(indexes, index)) throw invalid(`there is no index ${show(index)}`);
  if (index === undefined && equal.length === 0 && rangeField === undefined) return [];
  const candidates = index === undefined ? Object.values(indexes) : [indexes[index]!];
  const found = candidates.find(
    (fields) =>
      equal.every((field) => fields.slice(0, equal.length).includes(field)) &&
      (rangeField === undefined || fields[equal.length] === rangeField),
  );
  if (found) return found;
  const missing = [...equal, ...(rangeField === undefined ? [] : [rangeField])];
  throw indexMissing(collection, missing, index);
}

function inRange(start: string, [field, range]: [string, Range<unknown>]): { from: string; to: string } {
  const values: unknown[] = Object.values(range);
  const kinds = new Set(values.map((value) => kindOf(checked(field, value))));
  if (kinds.size !== 1 || values.includes(undefined))
    throw invalid(`a bound of the range of ${field} is undefined, or its bounds are of different kinds`);
  const kind = start + [...kinds][0]!;
  const { gt, gte, lt, lte } = range;
  const lower = [kind];
  if (gte !== undefined) lower.push(start + orderKey(gte));
  if (gt !== undefined) lower.push(start + orderKey(gt) + afterAll);
  const upper = [kind + afterAll];
  if (lt !== undefined) upper.push(start + orderKey(lt));
  if (lte !== undefined) upper.push(start + orderKey(lte) + afterAll);
  return { from: lower.sort().at(-1)!, to: upper.sort()[0]! };
}

const bounds = new Set(["gt", "gte", "lt", "lte"]);

function isRange(value: unknown): boolean {
  if (typeof value !== "object" || value === null || value instanceof Date) return false;
  const names = Object.keys(value);
  return names.length > 0 && names.every((name) => bounds.has(name));
}

function checked(field: string, value: unknown): unknown {
  if (isIndexValue(value)) return value;
  throw invalid(`${field} is compared with ${show(value)}, which no index holds as it is`);
}

function invalid(reason: string): KawaError {
  return new KawaError("OPTION_INVALID", `This query cannot be asked: ${reason}.`);
}
