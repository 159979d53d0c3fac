import { drainTimeoutMs } from "../../limits/limits.ts";

/** Whoever reads what is pushed. */
export interface PushReader {
  /** False while what was sent before waits to be read. */
  readonly isRead: boolean;
  /** Disconnects one that has read nothing for a while. */
  disconnect(): void;
}

/** Notices a reader that reads no more: what is rendered for it would wait in memory. */
export class ReadWatch {
  readonly #reader: PushReader | undefined;
  #unreadSince: number | undefined;

  /** @param reader undefined where nobody can tell */
  constructor(reader: PushReader | undefined) {
    this.#reader = reader;
  }

  isRead(now: number): boolean {
    if (!this.#reader || this.#reader.isRead) this.#unreadSince = undefined;
    else this.#unreadSince ??= now;
    return this.#unreadSince === undefined;
  }

  /** True when it has read nothing for so long that it is disconnected. */
  isGone(now: number): boolean {
    if (this.#unreadSince === undefined || now - this.#unreadSince < drainTimeoutMs) return false;
    this.#reader!.disconnect();
    return true;
  }

  /** What it was sent may still be on its way. */
  end(): void {
    const reader = this.#reader;
    if (reader && !reader.isRead) setTimeout(() => reader.isRead || reader.disconnect(), drainTimeoutMs).unref();
  }
}
