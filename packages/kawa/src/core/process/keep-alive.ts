const longMs = 2 ** 30;

/** Settles as the work does. Until then the process lives: Node ends one in which only promises and timers that it need not wait for are left. */
export async function keepAlive<T>(work: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, longMs);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
