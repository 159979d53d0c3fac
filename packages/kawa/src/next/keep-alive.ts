import { clip, isKawaError } from "../core/errors.ts";
import type { BackedSignal } from "../core/signal.ts";

export type KeepAliveOptions = {
  /** Ephemeral signals that a browser may write. */
  readonly signals: Iterable<BackedSignal<unknown>>;
  /** Runs a function as who opened the stream. */
  readonly asOpener: <T>(fn: () => T) => T;
};

/** A value outlives the loss of one renewal. */
const renewalsPerLife = 3;

/**
 * Renews ephemeral signals until it is stopped, as who opened the stream: a hook that refuses a write refuses its renewals too. What
 * has no value is not given one.
 */
export function keepAlive({ signals, asOpener }: KeepAliveOptions): () => void {
  const waiting = new Set<string>();
  const renew = async ({ backend, key }: BackedSignal<unknown>): Promise<void> => {
    // The actor is away: the renewal that waits is sent when it is back.
    if (waiting.has(key)) return;
    waiting.add(key);
    try {
      await asOpener(() => backend.renew(key, { origin: "browser" }));
    } catch (error) {
      // Whoever sent the request may name keys of others: no news for the log. The next renewal tries again.
      if (!isKawaError(error, "ACTION_REFUSED")) console.error(`[kawa] Renewing "${clip(key)}" for a browser failed:`, error);
    } finally {
      waiting.delete(key);
    }
  };
  const timers = [...signals].map((signal) => {
    void renew(signal);
    return setInterval(() => void renew(signal), signal.ttlMs! / renewalsPerLife);
  });
  return () => timers.forEach(clearInterval);
}
