import { processState } from "../../core/process/process-state.ts";
import { FairLine } from "./fair-line.ts";
import { type LoopClock, loopClock } from "./loop-clock.ts";

/** Work in one go, in milliseconds. */
const sliceMs = 5;
/** Gap between looks at whether the process has nothing else to do. */
const lookMs = 1;
/** A process that always has something else to do gives the next slice after this long all the same. */
const maxPauseMs = 4 * sliceMs;

/**
 * Runs work that may wait, a slice at a time. The next slice begins when the process has nothing else to do, or at the latest after
 * `maxPauseMs`. Clients take turns, so a client that asks for much holds up itself alone.
 */
export class Turns {
  readonly #clock: LoopClock;
  readonly #line = new FairLine<() => void>();
  #isRunning = false;
  /** Time that work took since the last pause, in milliseconds. */
  #spentMs = 0;
  #pausedAt = Number.NEGATIVE_INFINITY;
  #idleAtPause = 0;

  constructor(clock: LoopClock = loopClock) {
    this.#clock = clock;
  }

  /** How many pieces of work wait. */
  get size(): number {
    return this.#line.size;
  }

  /** Resolves when the next piece may begin. A piece counts until it waits for a timer or for the network. */
  next(client: string): Promise<void> {
    return new Promise((resolve) => {
      this.#line.add(client, resolve);
      if (this.#isRunning) return;
      this.#isRunning = true;
      setImmediate(() => this.#look());
    });
  }

  #look(): void {
    if (this.#spentMs >= sliceMs) {
      const isBusy = this.#clock.idleMs() === this.#idleAtPause && this.#clock.now() < this.#pausedAt + maxPauseMs;
      if (isBusy) return void setTimeout(() => this.#look(), lookMs);
      this.#spentMs = 0;
    }
    this.#run();
  }

  #run(): void {
    const startedAt = this.#clock.now();
    this.#line.take()!();
    // This tick runs after all that the piece does without waiting, promises included.
    queueMicrotask(() => process.nextTick(() => this.#onPiece(this.#clock.now() - startedAt)));
  }

  #onPiece(spentMs: number): void {
    this.#spentMs += spentMs;
    const isOver = this.#spentMs >= sliceMs;
    if (isOver) {
      this.#pausedAt = this.#clock.now();
      this.#idleAtPause = this.#clock.idleMs();
    }
    if (this.#line.size === 0) this.#isRunning = false;
    else if (isOver) setTimeout(() => this.#look(), lookMs);
    else this.#run();
  }
}

/** The turns of this process. */
export function turns(): Turns {
  return processState("turns", () => new Turns());
}
