/** The counters of a run. Whether `gate` can be shown at all depends on its value. */
export const keys = ["a", "b", "c", "gate"] as const;
export type Key = (typeof keys)[number];
