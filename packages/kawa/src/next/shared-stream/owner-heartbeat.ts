/** Gap between heartbeats, in milliseconds: after two without an answer there is time for another owner before 5 s are over. */
const gapMs = 900;

type OwnerHeartbeatOptions = {
  /** Asks the owner whether it is there. Whatever the owner says is told to {@link OwnerHeartbeat.hear}. */
  readonly beat: () => void;
  /** The owner has left one heartbeat unanswered, or has answered after that. */
  readonly onDoubt: (isInDoubt: boolean) => void;
  /** The owner has left two heartbeats unanswered, or has not said anything after its start. */
  readonly onLost: () => void;
};

type State = "stopped" | "starting" | "alive" | "asked" | "doubtful";

/**
 * Notices an owner of the stream that hangs.
 *
 *     stopped ── start ─▶ starting ── hear ─▶ alive ── 900 ms ─▶ asked ── 900 ms ─▶ doubtful ── 900 ms ─▶ stopped, lost
 *                             │                 ▲ └─── wake ──────▲ │                   │
 *                             │                 └────── hear ───────┴─────── hear ──────┘
 *                             └── `withinMs` ─▶ stopped, lost
 *
 * `start` leads to starting, and `stop` to stopped, from everywhere. A tab that is hidden asks nothing: it stays in its state until it
 * wakes. Only an answer ends a doubt that the tab was told of.
 */
export class OwnerHeartbeat {
  readonly #options: OwnerHeartbeatOptions;
  #state: State = "stopped";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: OwnerHeartbeatOptions) {
    this.#options = options;
  }

  /** Another owner is to say something within this time. */
  start(withinMs: number): void {
    this.#state = "starting";
    this.#arm(withinMs);
  }

  /** The owner has said something. */
  hear(): void {
    const before = this.#state;
    if (before === "stopped") return;
    this.#state = "alive";
    if (before === "starting") this.#arm();
    if (before === "doubtful") this.#options.onDoubt(false);
  }

  /** The tab is shown, or was asleep. */
  wake(): void {
    if (this.#state === "stopped" || this.#state === "starting") return;
    if (this.#state === "alive") this.#state = "asked";
    this.#beat();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#state = "stopped";
  }

  #beat(): void {
    this.#options.beat();
    this.#arm();
  }

  #arm(withinMs = gapMs): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#onTime(), withinMs);
  }

  #onTime(): void {
    const before = this.#state;
    if (before !== "starting" && globalThis.document?.visibilityState === "hidden") return;
    if (before === "starting" || before === "doubtful") {
      this.stop();
      return this.#options.onLost();
    }
    this.#state = before === "alive" ? "asked" : "doubtful";
    if (before === "asked") this.#options.onDoubt(true);
    this.#beat();
  }
}
