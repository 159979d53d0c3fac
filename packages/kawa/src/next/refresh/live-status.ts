import { getNavigationBuildId } from "next/dist/client/navigation-build-id.js";
import { askSoon } from "../router/own-build.ts";

/** Whether what the tab shows is current. */
export type LiveStatus = {
  /**
   * `stale`: for some seconds the tab has shown less than it knows there is, or the server has no room to tell it of everything (see
   * docs/limits.md). `offline`: there is no stream, for longer than a reconnect takes.
   */
  readonly state: "connecting" | "live" | "stale" | "offline";
  /** Since when, in milliseconds since the epoch; 0 before the browser knows. */
  readonly since: number;
  /** How often render after render showed less than was announced. */
  readonly staleCount: number;
  /**
   * The server has another build than the page, as during and after a deployment. While there are servers of the page's own build, it is
   * rendered by them. Afterwards it can be rendered no more, and becomes `stale` with the next change: it has to be loaded anew.
   */
  readonly isOutdated: boolean;
};

const staleAfterMs = 3_000;
const offlineAfterMs = 2_000;
/** A stream that is there again says within this long that the tab has missed something, in milliseconds. */
const verdictMs = 250;

export const initialLiveStatus: LiveStatus = { state: "connecting", since: 0, staleCount: 0, isOutdated: false };

type Facts = {
  /** What the stream alone makes of it. */
  readonly base: "connecting" | "live" | "stale";
  readonly isOffline: boolean;
  readonly isStale: boolean;
  readonly staleCount: number;
  readonly isOutdated: boolean;
};

/** Turns what the stream and the refreshes go through into what people may want to see. */
export class LiveStatusStore {
  #status = initialLiveStatus;
  #facts: Facts = { base: "connecting", isOffline: false, isStale: false, staleCount: 0, isOutdated: false };
  #offlineTimer: ReturnType<typeof setTimeout> | undefined;
  #verdictTimer: ReturnType<typeof setTimeout> | undefined;
  /** When there was a stream again after the tab was offline, on the clock of `performance.now()`. */
  #returnedAt = -Infinity;
  #staleTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  readonly get = (): LiveStatus => this.#status;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** `base` is `stale` where the stream that is there does not tell this tab everything; `build` is that of its server. */
  setUp(isUp: boolean, base: Facts["base"] = "live", build?: string): void {
    clearTimeout(this.#verdictTimer);
    if (!isUp) {
      // Each failed try comes here again: the first timer stays.
      this.#offlineTimer ??= setTimeout(() => this.#learn({ isOffline: true }), offlineAfterMs);
      return;
    }
    askSoon();
    clearTimeout(this.#offlineTimer);
    this.#offlineTimer = undefined;
    this.#learn({ base, isOutdated: build !== undefined && build !== getNavigationBuildId() });
    if (!this.#facts.isOffline) return;
    this.#returnedAt = performance.now();
    this.#verdictTimer = setTimeout(() => this.#learn({ isOffline: false }), verdictMs);
  }

  /** Since when the tab, which is shown, shows less than it knows there is, on the clock of `performance.now()`. */
  setBehind(since: number | undefined): void {
    clearTimeout(this.#staleTimer);
    if (since === undefined) return this.#learn({ isStale: false });
    // What it missed while it was offline is older than that.
    const graceMs = since < this.#returnedAt + staleAfterMs ? 0 : staleAfterMs;
    const leftMs = since + graceMs - performance.now();
    // The tab has shown something newer meanwhile.
    if (leftMs > 0 && this.#facts.isStale) this.#learn({ isStale: false });
    this.#staleTimer = setTimeout(() => this.#learn({ isStale: true }), leftMs);
  }

  countStale(): void {
    this.#learn({ isStale: true, staleCount: this.#facts.staleCount + 1 });
  }

  #learn(news: Partial<Facts>): void {
    this.#facts = { ...this.#facts, ...news };
    const { base, isOffline, isStale, staleCount, isOutdated } = this.#facts;
    const state = isOffline ? "offline" : isStale ? "stale" : base;
    const before = this.#status;
    if (state === before.state && staleCount === before.staleCount && isOutdated === before.isOutdated) return;
    this.#status = { state, since: state === before.state ? before.since : Date.now(), staleCount, isOutdated };
    for (const listener of this.#listeners) listener();
  }
}
