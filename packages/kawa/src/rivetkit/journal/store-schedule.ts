import { leftUntil } from "../../core/process/left-until.ts";

/** A first commit is stored this much later, after those who wait for it have shown it. */
const firstDelayMs = 30;
/**
 * While commits keep coming, those of this time are stored as one, or those of so many characters: whatever of them is in one page of the
 * storage is then written once.
 */
const gapMs = 2_000;
const gatheredSize = 1024 * 1024;
const retryDelayMs = 500;

export type StoreScheduleOptions = {
  /** Size of what is not stored, in characters. */
  readonly size: () => number;
  readonly store: () => Promise<void>;
  readonly mayTryAgain: () => boolean;
};

/**
 * When the storage is given what the journal has.
 *
 *     idle ── commit ─▶ waiting ── time, or size ─▶ due ── stored ─▶ idle, or waiting for what has come meanwhile
 *                                                   │ ▲
 *                                                   └─┘ failed
 */
export class StoreSchedule {
  readonly #options: StoreScheduleOptions;
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;
  #storedAt = Number.NEGATIVE_INFINITY;
  #hasEnded = false;

  constructor(options: StoreScheduleOptions) {
    this.#options = options;
  }

  /** Something has come. */
  plan(): void {
    const size = this.#options.size();
    if (size === 0 || this.#isDue) return;
    if (size < gatheredSize) this.#storeIn(Math.max(firstDelayMs, leftUntil(this.#storedAt + gapMs)));
    else {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#isDue = true;
      this.#storeIn(0);
    }
  }

  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }

  #storeIn(delayMs: number): void {
    if (!this.#hasEnded) this.#timer ??= setTimeout(() => void this.#store(), delayMs).unref();
  }

  async #store(): Promise<void> {
    this.#isDue = true;
    this.#storedAt = performance.now();
    let isStored = false;
    try {
      await this.#options.store();
      isStored = true;
    } catch {
      if (!this.#options.mayTryAgain()) return;
    }
    this.#timer = undefined;
    this.#isDue = !isStored;
    if (isStored) this.plan();
    else this.#storeIn(retryDelayMs);
  }
}
