/** Gap between beats, in milliseconds: after two that nobody answers there is time for another host before 5 s are over. */
const beatMs = 900;

export type HostPulseOptions = {
  /** Asks the host whether it is there; what it says, whatever it is, is told to {@link HostPulse.hear}. */
  readonly beat: () => void;
  /** One beat was not answered, or one was after that. */
  readonly onDoubt: (isInDoubt: boolean) => void;
  readonly onLost: () => void;
};

/** Notices a host that hangs. Only tabs that are shown ask. */
export class HostPulse {
  readonly #options: HostPulseOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #unanswered = 0;
  #isStarting = false;

  constructor(options: HostPulseOptions) {
    this.#options = options;
  }

  /** Another host is to say something within this time. */
  start(withinMs: number): void {
    this.stop();
    this.#isStarting = true;
    this.#timer = setTimeout(() => this.#options.onLost(), withinMs);
  }

  /** The host has said something. */
  hear(): void {
    const wasInDoubt = this.#unanswered > 1;
    this.#unanswered = 0;
    if (wasInDoubt) this.#options.onDoubt(false);
    if (this.#isStarting) this.#arm();
  }

  /** The tab is shown, or was asleep. */
  wake(): void {
    if (this.#isStarting) return;
    this.#unanswered = 1;
    this.#options.beat();
    this.#arm();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#unanswered = 0;
    this.#isStarting = false;
  }

  #arm(): void {
    this.#isStarting = false;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tick(), beatMs);
  }

  #tick(): void {
    if (globalThis.document?.visibilityState === "hidden") return;
    if (this.#unanswered > 1) return this.#options.onLost();
    this.#unanswered += 1;
    if (this.#unanswered > 1) this.#options.onDoubt(true);
    this.#options.beat();
    this.#arm();
  }
}
