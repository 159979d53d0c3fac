import { Leases } from "./leases.ts";
import type { Write } from "./protocol.ts";
import type { SignalStore } from "./signal-store.ts";

export type KeyLeasesOptions = {
  readonly store: SignalStore;
  /** Deletes what nobody has renewed. */
  readonly commit: (writes: readonly Write[]) => Promise<unknown>;
};

/** Every lease has one holder: whoever sets or renews a key does it for all. */
const holder = "";
/** Ends that are this near are handled together, in milliseconds. */
const gatherMs = 20;
/** Keys that could not be deleted are tried again after this long. */
const retryMs = 1_000;
/** Longest delay of a timer. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Deletes ephemeral keys whose time is over. Leases are in memory alone: an actor that wakes or has moved does not know when a key
 * was renewed, and gives each a whole life.
 */
export class KeyLeases {
  readonly #store: SignalStore;
  readonly #commit: KeyLeasesOptions["commit"];
  readonly #leases = new Leases();
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  readonly #stopListening: () => void;
  #isClosed = false;

  constructor({ store, commit }: KeyLeasesOptions) {
    this.#store = store;
    this.#commit = commit;
    for (const [key, ttlMs] of store.ephemeral.entries()) this.#renew([key], ttlMs);
    this.#stopListening = store.listen(
      ({ rows }) => rows.forEach(([key]) => this.#renewEphemeral(key)),
      () => {},
    );
  }

  /** Has to be called before writes are committed: a life must not end while its renewal waits. */
  note(writes: readonly Write[]): void {
    for (const write of writes) if ("key" in write) this.#renewEphemeral(write.key);
  }

  close(): void {
    this.#isClosed = true;
    this.#stopListening();
    clearTimeout(this.#timer);
  }

  #renewEphemeral(key: string): void {
    const ttlMs = this.#store.ephemeral.ttlMsOf(key);
    if (ttlMs !== undefined) this.#renew([key], ttlMs);
  }

  #renew(keys: readonly string[], leaseMs: number): void {
    const now = performance.now();
    this.#leases.register(holder, keys, { now, leaseMs });
    this.#schedule(now + leaseMs);
  }

  /** Renewals move ends away: the timer may come too early, and never too late. */
  #schedule(at: number): void {
    if (this.#isClosed || at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#expire(), Math.min(Math.max(at - performance.now(), gatherMs), maxTimerMs));
    this.#timer.unref();
  }

  #expire(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const ended = this.#leases.expire(performance.now()).filter((key) => this.#store.ephemeral.ttlMsOf(key) !== undefined);
    this.#schedule(this.#leases.firstEnd);
    if (ended.length === 0) return;
    this.#commit(ended.map((key) => ({ key, text: null }))).catch((error) => {
      if (this.#isClosed) return;
      console.error("[kawa] Ephemeral values could not be deleted:", error);
      this.#renew(ended, retryMs);
    });
  }
}
