import { withTimeout } from "../../core/process/with-timeout.ts";

type Pending = { resolve(reply: never): void; reject(error: unknown): void };

/** Requests that wait for their replies, each under a number of its own. */
export class PendingRequests {
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;

  /** Sends a request under a new number, and waits for {@link resolve} or {@link reject} with that number. */
  async add<R>(send: (id: number) => void, timeoutMs: number, onTimeout: () => Error): Promise<R> {
    const id = this.#nextId++;
    const reply = Promise.withResolvers<R>();
    this.#pending.set(id, reply);
    try {
      send(id);
      return await withTimeout(reply.promise, timeoutMs, () => {
        // A late end of all requests must not settle this one.
        this.#pending.delete(id);
        throw onTimeout();
      });
    } finally {
      this.#pending.delete(id);
    }
  }

  resolve(id: number, reply: unknown): void {
    this.#pending.get(id)?.resolve(reply as never);
  }

  reject(id: number, error: unknown): void {
    this.#pending.get(id)?.reject(error);
  }

  rejectAll(error: unknown): void {
    for (const { reject } of this.#pending.values()) reject(error);
  }
}
