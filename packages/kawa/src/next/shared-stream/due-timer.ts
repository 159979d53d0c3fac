/** A timer that other code can check: browsers hold up the timers of hidden tabs by up to a minute. */
export class DueTimer {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #dueAt = Infinity;
  #run: () => void = () => {};

  get isSet(): boolean {
    return this.#dueAt !== Infinity;
  }

  /** Runs `run` in `delayMs`, in place of what was set before. */
  set(delayMs: number, run: () => void): void {
    this.clear();
    this.#dueAt = performance.now() + delayMs;
    this.#run = run;
    this.#timer = setTimeout(() => this.#fire(), delayMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#dueAt = Infinity;
  }

  /** Runs what is overdue. */
  check(): void {
    if (performance.now() >= this.#dueAt) this.#fire();
  }

  #fire(): void {
    this.clear();
    this.#run();
  }
}
