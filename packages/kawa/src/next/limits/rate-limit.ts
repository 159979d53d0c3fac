import { KawaError } from "../../core/errors/errors.ts";
import { rateLimits } from "./limits.ts";

type Bucket = { count: number; at: number };

export type Rate = { readonly perSecond: number; readonly atOnce: number };

/** `perSecond` requests in the long run, and a burst after a quiet time. */
export function rateOf(perSecond: number): Rate {
  return { perSecond, atOnce: perSecond * rateLimits.burstSeconds };
}

/** The one bucket of all clients beyond `maxClients`. */
const overflow = "\0others";

/** How much each client of one kind may ask for: a token bucket each. */
export class RateLimit {
  readonly #maxClients: number;
  // In the order of their last request.
  readonly #buckets = new Map<string, Bucket>();

  constructor(maxClients: number = rateLimits.maxClients) {
    this.#maxClients = maxClients;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /**
   * A request that costs more than the client may ever ask at once is admitted when its bucket is full.
   *
   * @throws {KawaError} RATE_LIMITED - the client asks for too much; `data.retryAfterMs` says when it may go on
   */
  take(client: string, cost: number, { perSecond, atOnce }: Rate, what = "requests"): void {
    const now = performance.now();
    const name = this.#nameOf(client, now, { perSecond, atOnce });
    const before = this.#buckets.get(name) ?? { count: atOnce, at: now };
    const count = Math.min(before.count + ((now - before.at) / 1000) * perSecond, atOnce);
    const needed = Math.min(cost, atOnce);
    const isAdmitted = count >= needed;
    this.#buckets.delete(name);
    this.#buckets.set(name, { count: isAdmitted ? count - needed : count, at: now });
    if (isAdmitted) return;
    const retryAfterMs = Math.ceil(((needed - count) / perSecond) * 1000);
    throw new KawaError("RATE_LIMITED", `This client sends more than ${perSecond} ${what} a second (docs/limits.md).`, {
      data: { retryAfterMs },
    });
  }

  /** Only full buckets are forgotten, so a client that comes with many names can neither empty nor fill the bucket of another. */
  #nameOf(client: string, now: number, { perSecond, atOnce }: Rate): string {
    if (this.#buckets.has(client)) return client;
    const refillMs = (atOnce / perSecond) * 1000;
    for (const [oldest, { at }] of this.#buckets) {
      if (now - at < refillMs) break;
      this.#buckets.delete(oldest);
    }
    return this.#buckets.size < this.#maxClients ? client : overflow;
  }
}
