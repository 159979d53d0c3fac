const intervalMs = 3_000;
/** RivetKit reports neither a killed server nor a lost network: after so long without any frame the peer is dead. */
const silenceTimeoutMs = 8_000;
/** The reply to a heartbeat is late: changes may be missing. */
const quietMs = intervalMs + 1_000;

export type HeartbeatOptions = {
  /** Asks the peer for a sign of life. */
  readonly beat: () => void;
  /** Called when the peer has been silent for too long. */
  readonly onSilence: () => void;
};

/** Asks a peer for signs of life until it is stopped, and notices when there are none. The first beat comes after an interval. */
export class Heartbeat {
  #heardAt = Date.now();
  #timer: NodeJS.Timeout;

  constructor({ beat, onSilence }: HeartbeatOptions) {
    this.#timer = setInterval(() => {
      if (Date.now() - this.#heardAt > silenceTimeoutMs) onSilence();
      else beat();
    }, intervalMs);
    this.#timer.unref();
  }

  /** True while nothing has come for longer than a reply takes. */
  get isQuiet(): boolean {
    return Date.now() - this.#heardAt > quietMs;
  }

  /** A frame of the peer has come. */
  hear(): void {
    this.#heardAt = Date.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
