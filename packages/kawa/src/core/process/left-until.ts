/** Milliseconds until a time of `performance.now()`; 0 where it has passed. */
export function leftUntil(deadline: number): number {
  return Math.max(0, deadline - performance.now());
}
