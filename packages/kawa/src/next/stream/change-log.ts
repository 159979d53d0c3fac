import type { Change } from "../../core/backend/backend.ts";
import type { Version } from "../../core/value/version.ts";

const maxKeys = 20_000;

/** When each key of a backend changed last. It tells whether what a returning tab shows has changed since. */
export class ChangeLog {
  // Sorted by the last change.
  readonly #changedAt = new Map<string, number>();
  #epoch: string;
  /** The log may lack changes up to this one. */
  #start: number;
  /** When the backend changed last, on the clock: for tabs whose versions are unknown. */
  changedAtMs: number = Date.now();

  constructor({ epoch, seq }: Version) {
    this.#epoch = epoch;
    this.#start = seq;
  }

  add({ keys, version }: Change): void {
    this.changedAtMs = Date.now();
    for (const key of keys) {
      this.#changedAt.delete(key);
      this.#changedAt.set(key, version.seq);
    }
    while (this.#changedAt.size > maxKeys) {
      const [oldest, seq] = this.#changedAt.entries().next().value!;
      this.#changedAt.delete(oldest);
      this.#start = seq;
    }
  }

  /** True when the log knows every change after `since`. */
  reaches(since: Version): boolean {
    return since.epoch === this.#epoch && since.seq >= this.#start;
  }

  /** The keys that have changed after `since`, as far as the log {@link reaches}; `keys` undefined stands for all. */
  *changed(keys: ReadonlySet<string> | undefined, since: Version): Iterable<string> {
    for (const key of keys ?? this.#changedAt.keys()) if (this.isChanged(key, since)) yield key;
  }

  /** True when the key has changed after `since`, as far as the log {@link reaches}. */
  isChanged(key: string, since: Version): boolean {
    return (this.#changedAt.get(key) ?? 0) > since.seq;
  }
}
