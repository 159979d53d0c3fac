/** Objects inside objects, at most: whoever encodes, decodes or renders a value walks it by recursion. */
export const maxValueDepth = 500;

/** Digits of the largest BigInt: to read one takes time that grows with the square of its digits. */
export const maxBigIntDigits = 4_096;

/**
 * The text of a value is JSON, as the package devalue writes it: a list of nodes, the first of which is the value. Nodes name their
 * members by their place in the list. What has no node of its own is named by one of these; -2 and -7 stand for holes of lists, which no
 * value may have.
 */
export const codes = { undefined: -1, nan: -3, infinity: -4, minusInfinity: -5, minusZero: -6 } as const;

/**
 * Bytes that are counted for an object in each place where it is, beside what is in it. They are never more than what the text has for
 * it: so what could be written can be read.
 */
export const costs = { code: 2, list: 2, object: 2, bare: 8, map: 7, set: 7, bytes: 30, member: 1, name: 2 } as const;

/** Most bytes that a text may stand for, counted as if nothing in it were written once for many places. */
export function maxExpandedBytes(textBytes: number): number {
  return Math.max(1024 * 1024, 4 * textBytes);
}
