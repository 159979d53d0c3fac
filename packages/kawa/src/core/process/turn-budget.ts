import { processState } from "./process-state.ts";

/**
 * Lets the event loop turn while many promises are settled without it: microtasks run before every timer and socket, so a loop of
 * awaited writes in memory would hold up the whole process.
 */
export class TurnBudget {
  readonly #later: (run: () => void) => void;
  readonly #now: () => number;
  #waiting: (() => void)[] = [];
  /** When the slice of this turn ends; undefined before anything was settled in it. */
  #until: number | undefined;

  constructor({
    later = nextTurn,
    now = () => performance.now(),
  }: { later?: (run: () => void) => void; now?: () => number } = {}) {
    this.#later = later;
    this.#now = now;
  }

  /**
   * A promise to await before something is settled; undefined when it may be settled now. The caller that has waited longest goes on first.
   */
  pause(): Promise<void> | undefined {
    if (this.#until === undefined) this.#begin();
    if (this.#waiting.length === 0 && this.#now() < this.#until!) return undefined;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #begin(): void {
    this.#until = this.#now() + sliceMs;
    this.#later(() => void this.#turn());
  }

  async #turn(): Promise<void> {
    this.#until = undefined;
    if (this.#waiting.length === 0) return;
    this.#begin();
    const waiting = this.#waiting;
    this.#waiting = [];
    let at = 0;
    do {
      waiting[at]!();
      at += 1;
      // The caller runs now, as far as its next write or read.
      await undefined;
    } while (at < waiting.length && this.#now() < this.#until!);
    // Callers that came meanwhile have waited less, and go on later.
    if (at < waiting.length) this.#waiting = waiting.slice(at).concat(this.#waiting);
  }
}

// Browsers have no `setImmediate`, and their timers come milliseconds later.
const { setImmediate, setTimeout } = globalThis as { setImmediate?: (run: () => void) => unknown } & typeof globalThis;

/**
 * What may be settled in one turn of the event loop, in milliseconds. A page takes a hundred turns, most of which have little to do, and
 * each of them may meet a loop of writes.
 */
const sliceMs = setImmediate === undefined ? 2 : 0.25;

function nextTurn(run: () => void): void {
  if (setImmediate) setImmediate(run);
  else setTimeout(run, 0);
}

const budget = processState("turn-budget", () => new TurnBudget());

/** {@link TurnBudget.pause} of this process's budget. */
export function pauseIfDue(): Promise<void> | undefined {
  return budget.pause();
}

/** Settles as `work` does, after a turn of the event loop where one is due. */
export async function inTurn<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    const pause = budget.pause();
    if (pause) await pause;
  }
}
