import { isKawaError } from "../core/errors/errors.ts";
import { processState } from "../core/process/process-state.ts";
import { react, untracked } from "../core/process/reactive.ts";
import { backed, type Signal } from "../core/signal.ts";
import { maxKept } from "./value-protocol.ts";
import { valuePort } from "./value-port.ts";

/** A value that did not reach the server is sent again after this long, in milliseconds. */
const retryMs = 2_000;

export type KeptValueOptions = {
  /** Called with why a value was not accepted, and with undefined when one was. */
  readonly onError: (error: unknown) => void;
};

/**
 * Keeps the value of an ephemeral signal from its first {@link set} to {@link release}: the browser's stream renews it, and a value that is
 * lost all the same is set again.
 */
export class KeptValue<T> {
  readonly signal: Signal<T>;
  readonly #onError: KeptValueOptions["onError"];
  readonly #cleanUps: (() => void)[] = [];
  #value: T | undefined;
  /** Encoded value; undefined before there is one. */
  #text: string | undefined;
  #isWriting = false;
  /** The server has refused this value. */
  #isRefused = false;
  /** The page is hidden, and may never be shown again. */
  #isHidden = false;
  #hasEnded = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(signal: Signal<T>, { onError }: KeptValueOptions) {
    this.signal = signal;
    this.#onError = onError;
    this.#cleanUps.push(keepInStream(signal.key), this.#followLoss(), this.#followPage());
  }

  /** Does nothing for a value that is equal to the one before. */
  async set(value: T): Promise<void> {
    const { encodeValue } = await import("../core/value/value.ts");
    const text = encodeValue(this.signal.key, value);
    if (this.#hasEnded || text === this.#text) return;
    this.#value = value;
    this.#text = text;
    this.#isRefused = false;
    await this.#write();
  }

  /** Removes the value. */
  release(): void {
    this.#hasEnded = true;
    for (const cleanUp of this.#cleanUps) cleanUp();
    // Another component of this page may keep it too.
    if (!keepers().has(this.signal.key)) this.#remove();
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#isWriting = true;
    const text = this.#text;
    try {
      await this.signal.set(this.#value as T);
      this.#onError(undefined);
    } catch (error) {
      this.#onError(error);
      if (this.#hasEnded || text !== this.#text) return;
      if (isTemporary(error)) this.#timer = setTimeout(() => void this.#write(), retryMs);
      else this.#isRefused = true;
    } finally {
      this.#isWriting = false;
    }
  }

  #remove(): void {
    clearTimeout(this.#timer);
    // Where this does not reach the server, the value ends by itself.
    if (this.#text !== undefined) this.signal.delete().catch(() => {});
  }

  /** Sets the value again when it was not renewed in time, as after sleep, or was removed by another writer. */
  #followLoss(): () => void {
    const { backend, key } = backed(this.signal);
    return react(() => {
      const { state } = backend.entry(key).value;
      const isLost = state === "absent" && this.#text !== undefined && !this.#isWriting;
      if (isLost && !this.#isRefused && !this.#isHidden) untracked(() => void this.#write());
    });
  }

  #followPage(): () => void {
    const onHide = (): void => {
      this.#isHidden = true;
      this.#remove();
    };
    const onShow = (): void => {
      if (!this.#isHidden) return;
      this.#isHidden = false;
      void this.#write();
    };
    addEventListener("pagehide", onHide);
    addEventListener("pageshow", onShow);
    return () => {
      removeEventListener("pagehide", onHide);
      removeEventListener("pageshow", onShow);
    };
  }
}

/** How many components of this page keep each key. */
function keepers(): Map<string, number> {
  return processState("kept-values", () => new Map());
}

/** Has the browser's stream renew the key. */
function keepInStream(key: string): () => void {
  const counts = keepers();
  const count = (change: number): void => {
    const next = (counts.get(key) ?? 0) + change;
    if (next > 0) counts.set(key, next);
    else counts.delete(key);
    const port = valuePort();
    if (counts.size > maxKept)
      import("./left-out.ts").then(
        ({ tellKeptLeftOut }) => tellKeptLeftOut(counts.size),
        () => {},
      );
    port.kept = [...counts.keys()].sort().slice(0, maxKept);
    port.onWatch();
  };
  count(1);
  return () => count(-1);
}

/**
 * True where a retry may succeed. After `UNAUTHORIZED`, which says that another visitor is signed in, the value is kept in that visitor's
 * name.
 */
function isTemporary(error: unknown): boolean {
  return isKawaError(error) && (error.status >= 500 || error.code === "RATE_LIMITED" || error.code === "UNAUTHORIZED");
}
