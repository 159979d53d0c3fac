import { maxBigIntDigits } from "./value-format.ts";

/** A text without what JSON escapes, what is not safe in a script, and what takes more than one byte of UTF-8. */
const simple = /^[ !#-;=-[\]-~]*$/;
/** Characters that JSON does not escape and that are not safe in a script. */
const unsafe = /[<\u2028\u2029]/g;
const escapes: Readonly<Record<string, string>> = { "<": "\\u003C", "\u2028": "\\u2028", "\u2029": "\\u2029" };

/** True for a text that is written as it is. */
export function isSimple(text: string): boolean {
  return simple.test(text);
}

/** A text as JSON that is safe in a script. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(unsafe, (character) => escapes[character]!);
}

let bigIntLimit: bigint | undefined;

export function isLongBigInt(value: bigint): boolean {
  bigIntLimit ??= 10n ** BigInt(maxBigIntDigits);
  return value >= bigIntLimit || value <= -bigIntLimit;
}

/** Undefined for what is no BigInt in its shortest form. A text that is too long is not read. */
export function bigIntFrom(text: unknown): bigint | undefined {
  if (typeof text !== "string" || text.length > maxBigIntDigits + 1 || !/^(0|-?[1-9]\d*)$/.test(text)) return undefined;
  const value = BigInt(text);
  return isLongBigInt(value) ? undefined : value;
}

const { getTime, toISOString } = Date.prototype;

/** Undefined for an invalid Date. */
export function textOfDate(date: Date): string | undefined {
  return Number.isNaN(getTime.call(date)) ? undefined : toISOString.call(date);
}

/** Undefined for what {@link textOfDate} does not write. */
export function dateFrom(text: unknown): Date | undefined {
  const date = new Date(typeof text === "string" && text.length <= 27 ? text : Number.NaN);
  return Number.isNaN(date.getTime()) || date.toISOString() !== text ? undefined : date;
}
