/** A value as it is stored and sent. */
export type EncodedValue = {
  readonly text: string;
  /** Bytes of `text` in UTF-8. */
  readonly bytes: number;
  /** Bytes that the value would have if nothing in it were shared. */
  readonly expandedBytes: number;
};

export type DecodedValue = {
  readonly value: unknown;
  /** Nothing in the value can be changed, so that many may share it. */
  readonly isFrozen: boolean;
};

/** Most levels of objects inside objects: whoever encodes, decodes or renders a value walks it by recursion. */
export const maxValueDepth = 500;

/** Most digits of a BigInt: to read one takes time that grows with the square of its digits. */
export const maxBigIntDigits = 4_096;

/**
 * The text of a value is JSON, as the package devalue writes it: a list of nodes, the first of which is the value. Nodes name their
 * members by their place in the list. What has no node of its own is named by one of these; -2 and -7 stand for holes of lists, which no
 * value may have.
 */
export const valuesByCode: ReadonlyMap<number, number | undefined> = new Map([
  [-1, undefined],
  [-3, Number.NaN],
  [-4, Infinity],
  [-5, -Infinity],
  [-6, -0],
]);

/** The code of a value that has one. */
export function codeOf(value: number | undefined): number {
  for (const [code, meant] of valuesByCode) if (Object.is(meant, value)) return code;
  throw new Error(`${value} has no code.`);
}

/**
 * Bytes that are counted for an object in each place where it is, beside what is in it: about what it takes to make and to render it.
 * Otherwise a short text would stand for a hundred thousand Maps.
 */
export const costs = { code: 2, list: 16, object: 16, map: 32, set: 32, bytes: 64, member: 1, name: 2 } as const;

/** Most bytes that a text may stand for, counted as if nothing in it were shared. */
export function maxExpandedBytes(textBytes: number): number {
  return Math.max(1024 * 1024, 4 * textBytes);
}
