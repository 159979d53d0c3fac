export type BackoffLimits = { readonly firstMs: number; readonly maxMs: number };

/**
 * How long to wait before the next try, in milliseconds: `firstMs` after the first failure, and twice as long after each further one in a
 * row. Where many may fail at the same moment, multiply it by `Math.random()`.
 */
export function backoff({ firstMs, maxMs }: BackoffLimits, failureCount: number): number {
  return Math.min(maxMs, firstMs * 2 ** (failureCount - 1));
}
