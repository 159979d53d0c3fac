/**
 * Work of clients who take turns. A client that had nothing to do since its last turn goes first, so one that asks seldom does not wait
 * for those that ask all the time.
 */
export class FairLine<T> {
  /** Work of clients that go first, by client. */
  readonly #new = new Map<string, T[]>();
  /** Work by client, the client whose turn is next first. A client without work stays for one turn: until then it is not new again. */
  readonly #waiting = new Map<string, T[]>();
  #size = 0;

  /** How much waits. */
  get size(): number {
    return this.#size;
  }

  add(client: string, work: T): void {
    const ofClient = this.#waiting.get(client) ?? this.#new.get(client);
    if (ofClient) ofClient.push(work);
    else this.#new.set(client, [work]);
    this.#size += 1;
  }

  /** Undefined when nothing waits. */
  take(): T | undefined {
    for (const line of [this.#new, this.#waiting]) {
      for (const [client, ofClient] of line) {
        line.delete(client);
        if (ofClient.length === 0) continue;
        this.#size -= 1;
        if (this.#size === 0) this.#waiting.clear();
        else this.#waiting.set(client, ofClient);
        return ofClient.shift();
      }
    }
    return undefined;
  }
}
