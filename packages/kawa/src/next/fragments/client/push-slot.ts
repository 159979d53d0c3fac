/** Tabs of a browser that may hold a push at the same time: each holds a connection, of which HTTP/1.1 has six. */
const slots = ["kawa-push-0", "kawa-push-1"] as const;

/**
 * Waits for the right to hold a push. Resolves with what gives it back; never where the browser cannot tell tabs apart, as on
 * insecure addresses.
 */
export function acquirePushSlot(signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve) => {
    const { locks } = navigator as Partial<Navigator>;
    const settled = new AbortController();
    const hold = (): Promise<void> | undefined => {
      // Both slots were free: this one goes back.
      if (settled.signal.aborted) return undefined;
      settled.abort();
      return new Promise((release) => resolve(release));
    };
    for (const name of slots)
      locks?.request(name, { signal: AbortSignal.any([signal, settled.signal]) }, hold).catch(() => {});
  });
}
