/**
 * Time since it was made. A process that was stopped, and a machine that was suspended, notice how long: one clock goes on in the first case,
 * the other in both. A clock that is set back takes nothing away.
 */
export class Elapsed {
  readonly #monotonicAt: number = performance.now();
  readonly #wallAt: number = Date.now();

  /** In milliseconds. */
  get ms(): number {
    return Math.max(performance.now() - this.#monotonicAt, Date.now() - this.#wallAt);
  }
}
