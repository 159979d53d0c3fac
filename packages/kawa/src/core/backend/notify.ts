/** Calls every listener. What one of them throws is reported, and keeps neither the others nor the caller from going on. */
export function notify<T>(listeners: Iterable<(value: T) => void>, value: T): void {
  for (const listener of [...listeners]) reportErrors(() => listener(value));
}

/** Runs code of the application, such as effects, in the middle of our own. */
export function reportErrors(run: () => void): void {
  try {
    run();
  } catch (error) {
    console.error("[kawa] A listener or effect threw:", error);
  }
}
