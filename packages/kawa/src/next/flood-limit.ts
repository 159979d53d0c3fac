import { KawaError } from "../core/errors.ts";
import { processState } from "../core/process-state.ts";

const maxClients = 50_000;
/** Requests that a client may send at once after it was quiet, in seconds of its rate. */
const burstSeconds = 4;

type Bucket = { count: number; at: number };

/** How many requests each client may send: a token bucket. */
export class FloodLimit {
  // Those that sent last are the last.
  readonly #buckets = new Map<string, Bucket>();

  /** @throws {KawaError} RATE_LIMITED - the client sends too many; `data.retryAfterMs` says when it may go on */
  take(client: string, perSecond: number): void {
    const now = performance.now();
    const before = this.#buckets.get(client) ?? { count: perSecond * burstSeconds, at: now };
    const count = Math.min(before.count + ((now - before.at) / 1000) * perSecond, perSecond * burstSeconds);
    this.#buckets.delete(client);
    this.#buckets.set(client, { count: Math.max(count - 1, 0), at: now });
    if (this.#buckets.size > maxClients) this.#buckets.delete(this.#buckets.keys().next().value!);
    if (count >= 1) return;
    const retryAfterMs = Math.ceil(((1 - count) / perSecond) * 1000);
    throw new KawaError("RATE_LIMITED", `This client sends more than ${perSecond} requests a second (maxRequestsPerSecond).`, {
      data: { retryAfterMs },
    });
  }
}

export function floodLimit(): FloodLimit {
  return processState("flood-limit", () => new FloodLimit());
}
