type Score = { value: number; readonly listeners: Set<() => void> };

const holder = globalThis as typeof globalThis & { bareScore?: Score };

/** On globalThis, because pages and route handlers have module copies of their own. */
export const score: Score = (holder.bareScore ??= { value: 0, listeners: new Set() });

export function setScore(value: number): void {
  score.value = value;
  for (const listener of score.listeners) listener();
}
