/** How many scenarios a model test plays: what `KAWA_MODEL_RUNS` says, else as many as it usually does. */
export function modelRuns(usual: number): number {
  return Number(process.env["KAWA_MODEL_RUNS"] ?? usual);
}

/** How long so many scenarios may take, in milliseconds. */
export function modelTimeout(usual: number): number {
  return 60_000 + modelRuns(usual) * 100;
}
