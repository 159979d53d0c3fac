import { Elapsed } from "../../core/process/elapsed.ts";

const tickMs = 1_000;
const ticksOfBeat = 2;
/** The reply to a heartbeat is late: changes may be missing. */
const quietMs = 3_500;
/** After so many ticks without any frame a beat was not answered for a second. */
const ticksUntilLate = 3;
/** After so many ticks without any frame another connection is tried: a beat was not answered for two seconds at least. */
const ticksUntilQuiet = 4;
/** RivetKit reports neither a killed server nor a lost network: after so many ticks without any frame the peer is dead. */
const ticksUntilSilent = 8;

export type HeartbeatOptions = {
  /** Asks the peer for a sign of life. */
  readonly beat: () => void;
  /** Called every second while the answer to a beat is late. */
  readonly onLate: () => void;
  /** Called when the peer has been silent for long enough to try another connection. */
  readonly onQuiet: () => void;
  /** Called when the peer has been silent for too long. */
  readonly onSilence: () => void;
};

/**
 * Asks a peer for signs of life until it is stopped, and notices when there are none. The first beat comes after an interval. It gives up a
 * peer by its own ticks: time in which this process was stopped, or its clock was set, says nothing about the peer.
 */
export class Heartbeat {
  #heard = new Elapsed();
  #ticks = 0;
  #silentTicks = 0;
  #isBehind = false;
  readonly #timer: NodeJS.Timeout;

  constructor({ beat, onLate, onQuiet, onSilence }: HeartbeatOptions) {
    this.#timer = setInterval(() => {
      this.#ticks += 1;
      this.#silentTicks += 1;
      if (this.#silentTicks > ticksUntilSilent) return onSilence();
      if (this.#silentTicks >= ticksUntilLate) onLate();
      if (this.#silentTicks === ticksUntilQuiet) onQuiet();
      if (this.isQuiet || this.#ticks % ticksOfBeat === 0) beat();
    }, tickMs);
    this.#timer.unref();
  }

  /**
   * True while nothing has come for longer than a reply takes, and until a question that was put since then is answered: the first frames
   * after a silence may be from before it.
   */
  get isQuiet(): boolean {
    return this.#isBehind || this.#heard.ms > quietMs;
  }

  /** A frame of the peer has come. */
  hear(): void {
    this.#isBehind = this.isQuiet;
    this.#heard = new Elapsed();
    this.#silentTicks = 0;
  }

  /** Call the function that it returns when the peer has answered what it is asked now. */
  ask(): () => void {
    const wasQuiet = this.isQuiet;
    const asked = new Elapsed();
    return () => {
      // Not where this process was stopped while the answer was on its way.
      if (wasQuiet && asked.ms < quietMs) this.#isBehind = false;
    };
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
