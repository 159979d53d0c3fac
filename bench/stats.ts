export type Stats = { readonly n: number; readonly p50: number; readonly p90: number; readonly p99: number };

/** Percentiles by nearest rank. */
export function summarize(samples: readonly number[]): Stats {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { n: sorted.length, p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
