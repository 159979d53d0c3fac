export type BackoffOptions = {
  readonly firstMs: number;
  readonly maxMs: number;
  /** Half to one and a half of each delay, by chance, so that many that failed together do not try again together. @default false */
  readonly jitter?: boolean | undefined;
};

/** Returns the delays before one attempt after the other, in milliseconds: each is twice the one before, up to `maxMs`. */
export function backoff({ firstMs, maxMs, jitter = false }: BackoffOptions): () => number {
  let nextMs = firstMs;
  return () => {
    const delayMs = nextMs;
    nextMs = Math.min(nextMs * 2, maxMs);
    return jitter ? delayMs * (0.5 + Math.random()) : delayMs;
  };
}
