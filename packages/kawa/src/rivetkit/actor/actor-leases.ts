import { streamKey } from "../../core/backend/key.ts";
import { streamRenewMs } from "../../core/streams/inline-streams.ts";
import { KeyLeases } from "../store/key-leases.ts";
import type { SignalStore } from "../store/signal-store.ts";
import type { StreamLeases } from "../store/stream-leases.ts";
import type { Write } from "../wire/protocol.ts";

export type ActorLeasesOptions = {
  readonly store: SignalStore;
  readonly streams: StreamLeases;
  readonly commit: (writes: readonly Write[]) => Promise<unknown>;
  /** Called as often as leases of streams are looked at. */
  readonly onLook: () => void;
};

/** What an actor deletes by itself, because nobody has renewed it. */
export class ActorLeases {
  readonly keys: KeyLeases;
  readonly #options: ActorLeasesOptions;
  readonly #timer: NodeJS.Timeout;

  constructor(options: ActorLeasesOptions) {
    this.#options = options;
    this.keys = new KeyLeases(options);
    this.#timer = setInterval(() => {
      this.endStreams();
      options.onLook();
    }, streamRenewMs);
    this.#timer.unref();
  }

  /** Deletes the values of streams that no server shows any more. */
  endStreams(): void {
    const { store, streams, commit } = this.#options;
    const writes = streams
      .expire(Date.now())
      .map(streamKey)
      .filter((key) => typeof store.get(key)?.text === "string")
      .map((key): Write => ({ key, text: null }));
    if (writes.length === 0) return;
    commit(writes).catch((error) => console.error("[kawa] Streams could not be ended:", error));
  }

  close(): void {
    clearInterval(this.#timer);
    this.keys.close();
  }
}
