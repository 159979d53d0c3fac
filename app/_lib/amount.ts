/** What is added at once, either way, and how far the counter goes. */
export const maxAmount = 1_000_000;

/** Reads a whole number from -{@link maxAmount} to {@link maxAmount}; undefined for everything else. */
export function parseAmount(text: unknown): number | undefined {
  if (typeof text !== "string" || !/^[+-]?\d{1,7}$/.test(text.trim())) return undefined;
  const amount = Number(text);
  return Math.abs(amount) <= maxAmount ? amount : undefined;
}
