export type HedgedOptions<T> = {
  /** Another attempt begins when those before have not settled for so long, in milliseconds. */
  readonly afterMs: number;
  /** Most attempts at a time. */
  readonly most: number;
  /** Gets what an attempt gives that is not needed any more. */
  readonly drop: (value: T) => void;
  /** True for a failure that no other attempt mends. */
  readonly isFinal: (error: unknown) => boolean;
};

/**
 * Settles as the first of several attempts that succeeds. One that hangs, as on a network that loses everything, holds up no other. Rejects
 * when an attempt has failed and no other one is on the way. The timer keeps no process alive.
 */
export function hedged<T>(attempt: () => Promise<T>, { afterMs, most, drop, isFinal }: HedgedOptions<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let pending = 0;
  let isOver = false;
  const timer = setInterval(() => pending < most && start(), afterMs);
  (timer as { unref?: () => void }).unref?.();
  const end = (): void => {
    isOver = true;
    clearInterval(timer);
  };
  const start = (): void => {
    pending += 1;
    attempt().then(
      (value) => {
        if (isOver) return drop(value);
        end();
        resolve(value);
      },
      (error) => {
        pending -= 1;
        if (isOver || (pending > 0 && !isFinal(error))) return;
        end();
        reject(error);
      },
    );
  };
  start();
  return promise;
}
