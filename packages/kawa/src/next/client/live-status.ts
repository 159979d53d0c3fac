export type LiveStatus = {
  /**
   * `stale`: for some seconds the tab has shown less than it knows there is. `offline`: there is no stream, for longer than a
   * reconnect takes.
   */
  readonly state: "connecting" | "live" | "stale" | "offline";
  /** Since when, in milliseconds since the epoch; 0 before the browser knows. */
  readonly since: number;
  /** How often render after render showed less than was announced. */
  readonly staleCount: number;
};

const staleAfterMs = 3_000;
const offlineAfterMs = 2_000;

export const initialLiveStatus: LiveStatus = { state: "connecting", since: 0, staleCount: 0 };

/** Turns what the stream and the refreshes go through into what people may want to see. */
export class LiveStatusStore {
  #status = initialLiveStatus;
  #isConnected = false;
  #isOffline = false;
  #isStale = false;
  #offlineTimer: ReturnType<typeof setTimeout> | undefined;
  #staleTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #listeners = new Set<() => void>();

  readonly get = (): LiveStatus => this.#status;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  setUp(isUp: boolean): void {
    clearTimeout(this.#offlineTimer);
    if (!isUp) {
      this.#offlineTimer = setTimeout(() => {
        this.#isOffline = true;
        this.#update();
      }, offlineAfterMs);
      return;
    }
    this.#isConnected = true;
    this.#isOffline = false;
    this.#update();
  }

  /** The tab is shown, and shows less than it knows there is. */
  setBehind(isBehind: boolean): void {
    clearTimeout(this.#staleTimer);
    if (isBehind) this.#staleTimer = setTimeout(() => this.#setStale(true), staleAfterMs);
    else this.#setStale(false);
  }

  countStale(): void {
    this.#status = { ...this.#status, staleCount: this.#status.staleCount + 1 };
    this.#setStale(true);
    for (const listener of this.#listeners) listener();
  }

  #setStale(isStale: boolean): void {
    this.#isStale = isStale;
    this.#update();
  }

  #update(): void {
    const state = this.#isOffline ? "offline" : !this.#isConnected ? "connecting" : this.#isStale ? "stale" : "live";
    if (state === this.#status.state) return;
    this.#status = { ...this.#status, state, since: Date.now() };
    for (const listener of this.#listeners) listener();
  }
}
