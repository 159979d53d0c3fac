/** Calls every listener. What one of them throws is reported, and stops neither the others nor the caller. */
export function notify<T>(listeners: Iterable<(value: T) => void>, value: T): void {
  for (const listener of [...listeners]) reportErrors(() => listener(value));
}

/** Runs code of the app, such as effects, in the middle of Kawa's own: what it throws is reported. */
export function reportErrors(run: () => void): void {
  try {
    run();
  } catch (error) {
    console.error("[kawa] A listener or effect threw:", error);
  }
}
