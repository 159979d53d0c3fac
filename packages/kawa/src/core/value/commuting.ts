import { clip, show } from "../errors/clip.ts";
import { KawaError } from "../errors/errors.ts";
import { equalText, isEqual, isPlainObject } from "./is-equal.ts";
import { decodeValue, encodeValue } from "./value.ts";

/**
 * A change that says what to do with whatever the value is then. Two of them give the same in either order, or as good as the same, so they
 * never conflict: the actor applies each to its newest value.
 */
export type CommutingChange =
  | Increment
  | { readonly merge: Readonly<Record<string, unknown>> }
  | { readonly append: readonly unknown[] }
  | { readonly remove: unknown };

type Increment = { readonly increment: number; readonly min?: number | undefined; readonly max?: number | undefined };

/** Bounds of the result of an increment. */
export type Bounds = {
  /** The change is refused if the result would be less. @default none */
  min?: number | undefined;
  /** The change is refused if the result would be more. @default none */
  max?: number | undefined;
};

const kinds = ["increment", "merge", "append", "remove"] as const;
export type ChangeKind = (typeof kinds)[number];

/** The method of a signal that makes this change. */
export function kindOf(change: CommutingChange): ChangeKind {
  return kinds.find((kind) => Object.hasOwn(change, kind))!;
}

/** Undefined for what is no change. */
function toChange(given: unknown): CommutingChange | undefined {
  if (!isPlainObject(given)) return undefined;
  const { increment, min, max, merge, append, ...rest } = given;
  const named = kinds.filter((kind) => Object.hasOwn(given, kind));
  const isBound = (bound: unknown): boolean => bound === undefined || typeof bound === "number";
  const isKnown =
    named.length === 1 &&
    Object.keys(rest).every((name) => name === "remove") &&
    (increment === undefined ? min === undefined && max === undefined : Number.isFinite(increment)) &&
    isBound(min) &&
    isBound(max) &&
    (merge === undefined || isPlainObject(merge)) &&
    (append === undefined || Array.isArray(append)) &&
    // A kind that is named has to have a value; of what is removed `undefined` is one.
    (named[0] === "remove" || given[named[0]!] !== undefined);
  return isKnown ? (given as CommutingChange) : undefined;
}

/** @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE, CHANGE_REFUSED - it can be no part of a value */
export function encodeChange(key: string, change: CommutingChange, maxBytes?: number): string {
  const kept = Object.fromEntries(
    Object.entries(change).filter(([name, part]) => name === "remove" || part !== undefined),
  );
  if (toChange(kept)) return encodeValue(key, kept, maxBytes);
  throw new KawaError(
    "CHANGE_REFUSED",
    `${kindOf(change)}() of "${clip(key)}" was given ${show(kept)}. Nothing was changed.`,
  );
}

/** Whether an encoded change is an increment, whose caller waits for the number. */
export function isIncrement(text: string): boolean {
  return text.startsWith('[{"increment"');
}

/** @throws {KawaError} CHANGE_REFUSED - the text is of no change */
export function decodeChange(text: string, maxBytes?: number): CommutingChange {
  const change = toChange(decodeValue(text, maxBytes));
  if (!change) throw new KawaError("CHANGE_REFUSED", `${clip(text)} is no change. Nothing was changed.`);
  return change;
}

/**
 * The value of `key` after a change. `value` itself is left as it is.
 *
 * @throws {KawaError} CHANGE_REFUSED - the value is not of the kind that the change is for, or the result is out of its bounds
 */
export function applyChange(key: string, value: unknown, change: CommutingChange): unknown {
  if ("increment" in change) return incremented(key, value, change);
  if ("merge" in change) {
    if (!isPlainObject(value)) throw unfit(key, "merge", "a plain object", value);
    return { ...value, ...change.merge };
  }
  if (value instanceof Set) return "append" in change ? added(value, change.append) : without(value, change.remove);
  const kind = "append" in change ? "append" : "remove";
  if (!Array.isArray(value)) throw unfit(key, kind, "an array or a Set", value);
  return "append" in change
    ? [...(value as unknown[]), ...change.append]
    : (value as unknown[]).filter((one) => !isEqual(one, change.remove));
}

function incremented(
  key: string,
  value: unknown,
  { increment, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Increment,
): number {
  if (typeof value !== "number") throw unfit(key, "increment", "a number", value);
  const result = value + increment;
  if (result >= min && result <= max && Number.isFinite(result)) return result;
  throw new KawaError(
    "CHANGE_REFUSED",
    `"${clip(key)}" is ${value}, and an increment by ${increment} would leave its range: ${rangeOf(min, max)}. Nothing was changed.`,
    { data: { key, value, isPublic: true, publicMessage: "That would be out of range." } },
  );
}

function rangeOf(min: number, max: number): string {
  if (min === Number.NEGATIVE_INFINITY) return max === Number.POSITIVE_INFINITY ? "finite numbers" : `at most ${max}`;
  return max === Number.POSITIVE_INFINITY ? `at least ${min}` : `${min} to ${max}`;
}

function added(set: ReadonlySet<unknown>, items: readonly unknown[]): Set<unknown> {
  const result = new Set(set);
  // To compare each with each would take too long.
  const known = items.some(isObject) ? new Set([...set].filter(isObject).map(equalText)) : new Set<string>();
  for (const item of items) {
    const text = isObject(item) ? equalText(item) : undefined;
    if (text !== undefined && known.has(text)) continue;
    if (text !== undefined) known.add(text);
    result.add(item);
  }
  return result;
}

function without(set: ReadonlySet<unknown>, item: unknown): Set<unknown> {
  return new Set([...set].filter((one) => !isEqual(one, item)));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function unfit(key: string, kind: string, wanted: string, value: unknown): KawaError {
  const found =
    value === null ? "null" : typeof value === "object" ? (value.constructor?.name ?? "an object") : typeof value;
  return new KawaError(
    "CHANGE_REFUSED",
    `${kind}() is for ${wanted}, and "${clip(key)}" holds ${found}. Nothing was changed.`,
    { data: { key } },
  );
}
