/** Calls `onHeld` once this tab has the lock, and holds it until the signal. */
export function holdLock(name: string, signal: AbortSignal, onHeld: () => void): void {
  navigator.locks
    .request(name, { signal }, () => {
      onHeld();
      return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    })
    .catch(() => {
      // Aborted before its turn.
    });
}
