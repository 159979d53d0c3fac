import { processState } from "../../core/process/process-state.ts";
import { type LoopClock, loopClock } from "./loop-clock.ts";

/** One decision each, in milliseconds. */
const windowMs = 100;
/** The event loop counts as busy from this share of a window. What a write waits for elsewhere, as for a hook, is not made shorter by waiting. */
const busyShare = 0.8;
/** How long a write should take on a busy server, in milliseconds: much shorter, and there is nothing to do while browsers send the next ones. */
const targetMs = 8;
/** A decision makes the line so much longer or shorter, at most. */
const step = 1.15;
/** The line has room for so many at least: where other work keeps the server busy, a shorter one would make writes no faster. */
const minRoom = 4;
/** A browser that was answered sends its next write within this time, or is not waited for, in milliseconds. */
const nextMs = 50;
/** An answer is held back for no longer, in milliseconds. */
const maxHoldMs = 2_000;
/** Gap between looks at what is held back, in milliseconds. */
const lookMs = 10;

type Held = { readonly at: number; readonly release: () => void };

/**
 * Holds back answers to browsers that write without a pause. Such a browser sends the next write when the last one is answered. On a busy
 * server all of them would always have a request in the line, and each write would wait for all others. Here the next one is answered only
 * when the line has room for its next write, in the order in which they came: they send fewer and newer writes, and the line stays short and
 * even. The writes themselves are not held back.
 */
export class WritePace {
  readonly #clock: LoopClock;
  /** Most writes in the line; infinite while the server has time. */
  #room = Number.POSITIVE_INFINITY;
  #underWay = 0;
  /** When browsers were answered whose next write is awaited. */
  #answeredAt: number[] = [];
  #held: Held[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Whether anything was held back in this window. */
  #hasHeld = false;
  #sumMs = 0;
  #count = 0;
  #since: number;
  #idleSince: number;

  constructor(clock: LoopClock = loopClock) {
    this.#clock = clock;
    this.#since = clock.now();
    this.#idleSince = clock.idleMs();
  }

  /** How many writes may be in the line. */
  get room(): number {
    return this.#room;
  }

  /** A request that writes has come. Returns what has to be called when it could be answered, or has failed. */
  begin(): () => void {
    const startedAt = this.#clock.now();
    this.#underWay += 1;
    this.#answeredAt.shift();
    return () => {
      this.#underWay -= 1;
      this.#count += 1;
      const now = this.#clock.now();
      this.#sumMs += now - startedAt;
      if (now - this.#since >= windowMs) this.#decide(now);
      this.look();
    };
  }

  /** Calls `release` when an answer may go whose browser has its next write ready: at once while the server has time. */
  hold(release: () => void): void {
    this.#held.push({ at: this.#clock.now(), release });
    this.look();
  }

  /** {@link hold} as a promise. */
  whenRoom(): Promise<void> {
    return new Promise((resolve) => this.hold(resolve));
  }

  /** Releases what there is room for. Called by itself where it is needed. */
  look(): void {
    const now = this.#clock.now();
    this.#answeredAt = this.#answeredAt.filter((at) => now - at < nextMs);
    for (let [first] = this.#held; first; [first] = this.#held) {
      const hasRoom = this.#underWay + this.#answeredAt.length < this.#room;
      if (!hasRoom && now - first.at < maxHoldMs) {
        this.#hasHeld = true;
        break;
      }
      this.#held.shift();
      if (Number.isFinite(this.#room)) this.#answeredAt.push(now);
      first.release();
    }
    if (this.#held.length > 0) this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.look();
    }, lookMs);
  }

  #decide(now: number): void {
    const idleMs = this.#clock.idleMs();
    const passedMs = now - this.#since;
    const isBusy = idleMs - this.#idleSince < passedMs * (1 - busyShare);
    if (isBusy) {
      // At first as many as there have been, on average.
      const room = Number.isFinite(this.#room) ? this.#room : this.#sumMs / passedMs;
      const wanted = targetMs / (this.#sumMs / this.#count);
      this.#room = Math.max(minRoom, room * Math.min(step, Math.max(1 / step, wanted)));
    } else {
      this.#room = this.#hasHeld ? this.#room * step ** (passedMs / windowMs) : Number.POSITIVE_INFINITY;
    }
    this.#sumMs = this.#count = 0;
    this.#hasHeld = this.#held.length > 0;
    this.#since = now;
    this.#idleSince = idleMs;
  }
}

/** The pace of this process. */
export function writePace(): WritePace {
  return processState("write-pace", () => new WritePace());
}
