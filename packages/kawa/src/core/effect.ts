import { guardedEffect, nameOf } from "#platform";

/**
 * Runs `fn` now and again after a signal that it read has changed. Returns a function that stops it. What `fn` returns is
 * called before each rerun and at the end.
 *
 * One that writes what it reads would run for ever: after 500 runs within 10 seconds, each caused by a write of the one before (90 where
 * signals live in memory), it is stopped, and `EFFECT_LOOP` is logged with its name. Read with `peek()` what it only writes.
 *
 * @example
 * const stop = effect(function mirrorScore() {
 *   void shown.set(score.value);
 * });
 */
export function effect(fn: () => void | (() => void)): () => void {
  const made: { stack?: string } = {};
  Error.captureStackTrace?.(made, effect);
  return guardedEffect(() => nameOf("effect", fn.name, made.stack), fn);
}
