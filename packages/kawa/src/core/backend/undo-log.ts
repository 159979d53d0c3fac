/** What a key held from commit `value.seq` until it was overwritten, before commit `until`. */
export type Overwritten<T> = { readonly key: string; readonly value: T; readonly until: number };

const minCompaction = 1_024;

/** What was overwritten, so that a key can be read as it was a moment ago. Its owner has to forget the oldest in time. */
export class UndoLog<T extends { readonly seq: number }> {
  readonly #byKey = new Map<string, Overwritten<T>[]>();
  /** Entries in the order of time; those before `#first` are forgotten. */
  #all: Overwritten<T>[] = [];
  #first = 0;

  get length(): number {
    return this.#all.length - this.#first;
  }

  get oldest(): Overwritten<T> | undefined {
    return this.#all[this.#first];
  }

  add(overwritten: Overwritten<T>): void {
    this.#all.push(overwritten);
    const ofKey = this.#byKey.get(overwritten.key);
    if (ofKey) ofKey.push(overwritten);
    else this.#byKey.set(overwritten.key, [overwritten]);
  }

  /** What the key held after commit `at`; undefined when that is not known, or was not overwritten since. */
  find(key: string, at: number): T | undefined {
    return this.#byKey.get(key)?.findLast(({ value, until }) => value.seq <= at && at < until)?.value;
  }

  forgetOldest(): Overwritten<T> | undefined {
    const { oldest } = this;
    if (!oldest) return undefined;
    this.#first += 1;
    const ofKey = this.#byKey.get(oldest.key)!;
    if (ofKey.length === 1) this.#byKey.delete(oldest.key);
    else ofKey.shift();
    if (this.#first >= minCompaction && this.#first >= this.length) {
      this.#all = this.#all.slice(this.#first);
      this.#first = 0;
    }
    return oldest;
  }
}
