import type { Backend, Change } from "../../core/backend/backend.ts";
import { clip, isKawaError } from "../../core/errors/errors.ts";
import { backoff } from "../../core/process/backoff.ts";
import { processState } from "../../core/process/process-state.ts";
import type { BackedSignal } from "../../core/signal.ts";
import { renewalLimits } from "../limits/limits.ts";
import { reportSeldom } from "../limits/report-seldom.ts";

export type RenewPresenceOptions = {
  /** Ephemeral signals that a browser may write. */
  readonly signals: Iterable<BackedSignal<unknown>>;
  /** Runs a function as who opened the stream. */
  readonly asOpener: <T>(fn: () => T) => T;
};

/** More than one renewal for each `ttlMs`: the value outlives one that is lost. */
const renewalsPerLife = 3;

/** A stream that keeps one key. */
type Keeper = {
  readonly asOpener: RenewPresenceOptions["asOpener"];
  refusedCount: number;
  /** A hook has refused its last renewal; it is not asked again before this time. */
  notBefore: number;
};

/** A key that streams keep. One of them renews it for all. */
class KeptKey {
  readonly signal: BackedSignal<unknown>;
  readonly keepers = new Set<Keeper>();
  dueAt: number;
  /** A renewal has found no value, and none has been set since. */
  isAbsent = false;
  isWaiting = false;
  /** The value changed while a renewal was on its way. */
  #hasChanged = false;

  constructor(signal: BackedSignal<unknown>) {
    this.signal = signal;
    this.dueAt = performance.now();
  }

  get periodMs(): number {
    return this.signal.ttlMs! / renewalsPerLife;
  }

  /** A new value may be renewed by a stream that was refused before. A change of a value has renewed it. */
  onChange(): void {
    this.#hasChanged = true;
    if (!this.isAbsent) return;
    this.isAbsent = false;
    this.dueAt = performance.now() + this.periodMs;
    for (const keeper of this.keepers) keeper.refusedCount = keeper.notBefore = 0;
  }

  /** The keeper that may be asked now and was not asked for longest. */
  next(now: number): Keeper | undefined {
    for (const keeper of this.keepers) if (keeper.notBefore <= now) return keeper;
    return undefined;
  }

  async renew(keeper: Keeper): Promise<void> {
    const { backend, key } = this.signal;
    // The actor is away: the renewal that waits is sent when it is back.
    this.isWaiting = true;
    this.#hasChanged = false;
    this.dueAt = performance.now() + this.periodMs;
    try {
      const isRenewed = await keeper.asOpener(() => backend.renew(key, { origin: "browser" }));
      this.isAbsent = !isRenewed && !this.#hasChanged;
      keeper.refusedCount = 0;
    } catch (error) {
      if (isKawaError(error, "ACTION_REFUSED")) this.#onRefusal(keeper);
      else reportSeldom("renewal", `Renewing "${clip(key)}" for a browser failed.`, error);
    } finally {
      this.isWaiting = false;
    }
  }

  /** A browser may name keys of others, so a refusal is no news for the log. The next keeper is asked at the next look. */
  #onRefusal(keeper: Keeper): void {
    const now = performance.now();
    keeper.refusedCount += 1;
    // The next keeper is asked first.
    if (this.keepers.delete(keeper)) this.keepers.add(keeper);
    const maxMs = renewalLimits.maxBackoff * this.periodMs;
    keeper.notBefore = now + backoff({ firstMs: this.periodMs, maxMs }, keeper.refusedCount);
    if (this.next(now)) this.dueAt = now;
  }
}

/**
 * Renews the ephemeral keys of all streams: a few of those that are due at each look, each key once. What has no value is asked for
 * once, and again when it has been set.
 */
export class KeptKeys {
  readonly #byBackend = new Map<Backend, KeptOfBackend>();
  #ticker: NodeJS.Timeout | undefined;

  get size(): number {
    return [...this.#byBackend.values()].reduce((count, { byKey }) => count + byKey.size, 0);
  }

  /** Keeps a key until the returned function is called. */
  keep(signal: BackedSignal<unknown>, keeper: Keeper): () => void {
    const { backend, key } = signal;
    let ofBackend = this.#byBackend.get(backend);
    if (!ofBackend) this.#byBackend.set(backend, (ofBackend = keptOf(backend)));
    const { byKey, unsubscribe } = ofBackend;
    let kept = byKey.get(key);
    if (!kept) byKey.set(key, (kept = new KeptKey(signal)));
    kept.keepers.add(keeper);
    if (!this.#ticker) {
      this.#ticker = setInterval(() => this.#look(), renewalLimits.tickMs);
      // The first ones need not wait for the next look.
      queueMicrotask(() => this.#look());
    }
    return () => {
      if (!kept.keepers.delete(keeper) || kept.keepers.size > 0) return;
      byKey.delete(key);
      if (byKey.size > 0) return;
      unsubscribe();
      this.#byBackend.delete(backend);
      if (this.#byBackend.size > 0) return;
      clearInterval(this.#ticker);
      this.#ticker = undefined;
    };
  }

  #look(): void {
    // A key that is due in less than half a tick is renewed now: the next look would be later than half a tick after its time.
    const now = performance.now();
    for (const { byKey } of this.#byBackend.values()) {
      const due = [...byKey.values()].filter(
        (kept) => !kept.isAbsent && !kept.isWaiting && kept.dueAt <= now + renewalLimits.tickMs / 2,
      );
      due.sort((one, other) => one.dueAt - other.dueAt);
      for (const kept of due.slice(0, renewalLimits.perTick)) {
        const keeper = kept.next(now);
        // What is sent in one turn is one write of the backend.
        if (keeper) void kept.renew(keeper);
        else kept.dueAt = now + kept.periodMs;
      }
    }
  }
}

type KeptOfBackend = { readonly byKey: Map<string, KeptKey>; readonly unsubscribe: () => void };

function keptOf(backend: Backend): KeptOfBackend {
  const byKey = new Map<string, KeptKey>();
  const onChange = ({ keys }: Change): void => {
    // No keys: the backend has another history.
    if (keys.length === 0) for (const kept of byKey.values()) kept.onChange();
    else for (const key of keys) byKey.get(key)?.onChange();
  };
  return { byKey, unsubscribe: backend.onChange(onChange) };
}

export function keptKeys(): KeptKeys {
  return processState("kept-keys", () => new KeptKeys());
}

/**
 * Renews ephemeral signals until it is stopped, as who opened the stream: a hook that refuses a write refuses its renewals too. What
 * has no value is not given one. What stops it returns how many keys were kept.
 */
export function renewPresence({ signals, asOpener }: RenewPresenceOptions): () => number {
  const stops = [...signals].map((signal) => keptKeys().keep(signal, { asOpener, refusedCount: 0, notBefore: 0 }));
  return () => {
    for (const stop of stops) stop();
    return stops.length;
  };
}
