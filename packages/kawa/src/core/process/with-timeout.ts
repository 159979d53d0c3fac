/**
 * What `work` gives, or a rejection with the error of `onTimeout` when it takes longer than `timeoutMs`. The work itself goes on, and what
 * becomes of it then is nobody's. The timer keeps no process alive.
 */
export async function withTimeout<T>(work: Promise<T>, timeoutMs: number, onTimeout: () => Error): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(onTimeout()), timeoutMs);
  // In a browser it is a number.
  timer.unref?.();
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
