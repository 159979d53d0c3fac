/** What encoding adds to a text: two brackets and two quotes. */
const encodingBytes = 4;

/** A text that ends with `number` and takes `bytes` when it is encoded. */
export function textOf(number: number, bytes: number): string {
  return `x${number}`.padStart(bytes - encodingBytes, "x");
}

/** The number that {@link textOf} put into a text. */
export function numberIn(text: string): number {
  return Number(text.slice(text.lastIndexOf("x") + 1));
}
