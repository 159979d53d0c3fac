const runs = ((globalThis as { labRuns?: Map<string, number> }).labRuns ??= new Map());

/** Counts how often this server has run a component. */
export function countRun(name: string): void {
  runs.set(name, runCount(name) + 1);
}

export function runCount(name: string): number {
  return runs.get(name) ?? 0;
}
