/** What an index can hold, in its order: values of a kind stand together. Other values come last, and no query finds them. */
export type IndexValue = undefined | null | boolean | number | bigint | Date | string;

/** Sorts after every text that an order key can go on with. */
export const afterAll = "\x7f";

/** Strings are in order by so many of their UTF-16 code units. */
export const maxIndexedLength = 256;
/** Digits of the largest integer that an index tells apart. */
const maxDigits = 9_999;

const end = " ";
const cut = "~";

/**
 * A text of printable ASCII whose order, in JavaScript as in any storage that compares bytes, is that of the values: numbers and dates as
 * numbers, strings by their code units. No order key is the start of another one, so the keys of several fields can be put together.
 */
export function orderKey(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "a";
    case "boolean":
      return value ? "c1" : "c0";
    case "number":
      return `e${ofNumber(value)}`;
    case "bigint":
      return `f${ofBigInt(value)}`;
    case "string":
      return `h${ofString(value)}`;
    default:
      if (value === null) return "b";
      return value instanceof Date ? `g${ofNumber(value.getTime())}` : "z";
  }
}

/** The start that the order keys of all values of one kind have. */
export function kindOf(value: unknown): string {
  return orderKey(value).slice(0, 1);
}

/** True for what a query can look for. */
export function isIndexValue(value: unknown): value is IndexValue {
  if (typeof value === "string") return value.length <= maxIndexedLength;
  return typeof value === "number" ? !Number.isNaN(value) : orderKey(value) !== "z";
}

const numbers = new DataView(new ArrayBuffer(8));

/** NaN comes before all numbers. */
function ofNumber(value: number): string {
  if (Number.isNaN(value)) return "0".repeat(16);
  // -0 equals 0.
  numbers.setFloat64(0, value === 0 ? 0 : value);
  const bits = numbers.getBigUint64(0);
  const isNegative = bits >> 63n === 1n;
  const ordered = isNegative ? ~bits & 0xffff_ffff_ffff_ffffn : bits | (1n << 63n);
  return ordered.toString(16).padStart(16, "0");
}

function ofBigInt(value: bigint): string {
  // A row of a stranger may have a longer one in each of its indexes.
  const digits = (value < 0n ? -value : value).toString().slice(0, maxDigits);
  const { length } = digits;
  if (value >= 0n) return `1${String(length).padStart(4, "0")}${digits}${end}`;
  const flipped = digits.replace(/\d/g, (digit) => String(9 - Number(digit)));
  return `0${String(maxDigits - length).padStart(4, "0")}${flipped}${end}`;
}

function ofString(value: string): string {
  let text = "";
  const length = Math.min(value.length, maxIndexedLength);
  for (let at = 0; at < length; at += 1) text += ofUnit(value.charCodeAt(at));
  return text + (value.length > length ? cut : end);
}

/** Most characters of a text stand for themselves; the others begin with one that sorts before or after all of these. */
function ofUnit(unit: number): string {
  if (unit > 0x21 && unit < 0x7e) return String.fromCharCode(unit);
  if (unit <= 0x21) return `!${String.fromCharCode(0x23 + unit)}`;
  const part = (shift: number): string => String.fromCharCode(0x30 + ((unit >> shift) & 0x3f));
  return `~${part(12)}${part(6)}${part(0)}`;
}
