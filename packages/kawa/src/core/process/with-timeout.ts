/**
 * Settles as `work` does; after `timeoutMs` with what `onTimeout` returns or throws. The work itself goes on, and a later failure of it is
 * dropped: a caller who has to know observes `work` as well. The timer keeps no process alive.
 */
export function withTimeout<T, L>(work: Promise<T>, timeoutMs: number, onTimeout: () => L): Promise<T | L> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // In a browser the timer is a number.
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)).unref?.()).then(onTimeout);
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
