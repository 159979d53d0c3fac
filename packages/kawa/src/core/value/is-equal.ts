import { encodeValue } from "./value.ts";

/** True for values that hold the same, whatever the order of an object's fields. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((one, at) => isEqual(one, b[at]));
  if (!isPlainObject(a) || !isPlainObject(b)) return textOf(a) === textOf(b);
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && isEqual(a[name], b[name]))
  );
}

/** The same text for values that are equal ({@link isEqual}), and for no others. */
export function equalText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(equalText).join()}]`;
  if (typeof value !== "object" || value === null || !isPlainObject(value)) return `=${textOf(value)}`;
  const fields = Object.keys(value).sort();
  return `{${fields.map((name) => `${JSON.stringify(name)}:${equalText(value[name])}`).join()}}`;
}

export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function textOf(value: unknown): string {
  return encodeValue("", value, Number.POSITIVE_INFINITY);
}
