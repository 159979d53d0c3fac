const slot = Symbol.for("cache-components-app.runs");
const holder = globalThis as { [slot]?: Map<string, number> };

/** Counts that a cached function has run. */
export function countRun(name = "computed"): number {
  const count = runCount(name) + 1;
  (holder[slot] ??= new Map()).set(name, count);
  return count;
}

export function runCount(name: string): number {
  return holder[slot]?.get(name) ?? 0;
}
