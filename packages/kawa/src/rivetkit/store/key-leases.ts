import type { Write } from "../wire/protocol.ts";
import type { SignalStore } from "./signal-store.ts";

export type KeyLeasesOptions = {
  readonly store: SignalStore;
  /** Commits the deletion of keys that nobody has renewed. */
  readonly commit: (writes: readonly Write[]) => Promise<unknown>;
};

/** Leases whose ends are this near are handled together, in milliseconds. */
const gatherMs = 20;
/** Keys that could not be deleted are tried again after this long. */
const retryMs = 1_000;
/** Longest delay of a timer. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Deletes ephemeral keys whose lease, the `ttlMs` of their value, is over. Leases are in memory only: an actor that wakes or has moved does
 * not know when a key was renewed, and gives each key a whole lease.
 */
export class KeyLeases {
  readonly #store: SignalStore;
  readonly #commit: KeyLeasesOptions["commit"];
  /**
   * When the lease of each key ends, by the length of the lease. In each map the key that was renewed last comes last, so the first one
   * ends first.
   */
  readonly #ends = new Map<number, Map<string, number>>();
  readonly #ttlMs = new Map<string, number>();
  /** When the ends of leases are looked at next. */
  #due: { readonly at: number; readonly timer: NodeJS.Timeout } | undefined;
  readonly #stopListening: () => void;
  #isClosed = false;

  constructor({ store, commit }: KeyLeasesOptions) {
    this.#store = store;
    this.#commit = commit;
    for (const [key, ttlMs] of store.ephemeral.entries()) this.#renew(key, ttlMs);
    this.#stopListening = store.listen(
      ({ rows }) => rows.forEach(([key]) => this.#renewEphemeral(key)),
      () => {},
    );
  }

  /** Must be called before writes are committed: a lease must not end while its renewal waits. */
  note(writes: readonly Write[]): void {
    for (const write of writes) if ("key" in write) this.#renewEphemeral(write.key);
  }

  close(): void {
    this.#isClosed = true;
    this.#stopListening();
    clearTimeout(this.#due?.timer);
  }

  #renewEphemeral(key: string): void {
    const ttlMs = this.#store.ephemeral.ttlMsOf(key);
    if (ttlMs !== undefined) this.#renew(key, ttlMs);
  }

  #renew(key: string, ttlMs: number): void {
    this.#drop(key);
    let ends = this.#ends.get(ttlMs);
    if (!ends) this.#ends.set(ttlMs, (ends = new Map()));
    const at = performance.now() + ttlMs;
    ends.set(key, at);
    this.#ttlMs.set(key, ttlMs);
    this.#schedule(at);
  }

  #drop(key: string): void {
    const ttlMs = this.#ttlMs.get(key);
    if (ttlMs === undefined) return;
    const ends = this.#ends.get(ttlMs)!;
    ends.delete(key);
    if (ends.size === 0) this.#ends.delete(ttlMs);
    this.#ttlMs.delete(key);
  }

  #takeEnded(now: number): string[] {
    const ended: string[] = [];
    for (const ends of this.#ends.values()) {
      for (const [key, at] of ends) {
        if (at > now) break;
        ended.push(key);
      }
    }
    for (const key of ended) this.#drop(key);
    return ended;
  }

  get #firstEnd(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const ends of this.#ends.values()) first = Math.min(first, ends.values().next().value ?? first);
    return first;
  }

  /** Lease renewals only move ends away: the timer may come too early, and never too late. */
  #schedule(at: number): void {
    if (this.#isClosed || (this.#due && at >= this.#due.at) || at === Number.POSITIVE_INFINITY) return;
    clearTimeout(this.#due?.timer);
    const delayMs = Math.min(Math.max(at - performance.now(), gatherMs), maxTimerMs);
    this.#due = { at, timer: setTimeout(() => this.#expire(), delayMs).unref() };
  }

  #expire(): void {
    this.#due = undefined;
    const ended = this.#takeEnded(performance.now()).filter((key) => this.#store.ephemeral.ttlMsOf(key) !== undefined);
    this.#schedule(this.#firstEnd);
    if (ended.length === 0) return;
    this.#commit(ended.map((key) => ({ key, text: null }))).catch((error) => {
      if (this.#isClosed) return;
      console.error("[kawa] Ephemeral values could not be deleted:", error);
      for (const key of ended) this.#renew(key, retryMs);
    });
  }
}
