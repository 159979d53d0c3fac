import { processState } from "../core/process-state.ts";

/** Work in one piece, in milliseconds. */
const sliceMs = 5;

/** Lets work that may wait go on a slice at a time, who waits longest first: between two slices the process does everything else. */
export class Turns {
  #waiting: (() => void)[] = [];

  /** Resolves when the next piece may begin. What it does before it waits for something counts. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#waiting.push(resolve) === 1) setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    const until = performance.now() + sliceMs;
    const waiting = this.#waiting;
    let at = 0;
    do {
      waiting[at]!();
      at += 1;
      // The piece runs now.
      await undefined;
    } while (at < waiting.length && performance.now() < until);
    this.#waiting = waiting.slice(at);
    if (this.#waiting.length > 0) setImmediate(() => void this.#run());
  }
}

/** The turns of this process. */
export function turns(): Turns {
  return processState("turns", () => new Turns());
}
