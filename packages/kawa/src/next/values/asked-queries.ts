import { processState } from "../../core/process/process-state.ts";
import { queryLimits, rateLimits } from "../limits/limits.ts";
import { type Rate, RateLimit } from "../limits/rate-limit.ts";
import type { AskingClient } from "../network/asking-client.ts";
import { hashOf } from "./written-keys.ts";

/** Most queries of all clients together that are remembered. A query takes some 50 bytes. */
const maxRemembered = 500_000;

type Client = { readonly name: string; readonly rate: Rate; readonly rates: RateLimit };

/**
 * Which queries each client has asked for lately. A query is kept up to date from then on, by the actor and by all servers: each of them makes
 * writes slower, so only so many new ones may come in a second. A search that asks at each letter has room, and one that asks faster waits a moment.
 */
export class AskedQueries {
  readonly #sessions = new RateLimit();
  readonly #addresses = new RateLimit();
  /** By client, and of each the query that was asked for least lately first. */
  readonly #known = new Map<string, Set<number>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @throws {KawaError} RATE_LIMITED - the client asks for too many new queries; `data.retryAfterMs` says when there is room again */
  note({ session, address }: AskingClient, key: string): void {
    const hash = hashOf(key);
    const clients: Client[] = [];
    // First: one that is refused must not use up what its address may ask for.
    if (session !== undefined)
      clients.push({ name: `session ${session}`, rate: queryLimits.newQueries.session, rates: this.#sessions });
    clients.push({ name: `address ${address}`, rate: queryLimits.newQueries.address, rates: this.#addresses });
    for (const { name, rate, rates } of clients) {
      if (!this.#known.get(name)?.has(hash)) rates.take(name, 1, rate, "new queries of collections");
    }
    for (const { name, rate } of clients) this.#remember(name, hash, rate.atOnce);
    for (const [name, known] of this.#known) {
      if (this.#count <= maxRemembered && this.#known.size <= 2 * rateLimits.maxClients) break;
      this.#known.delete(name);
      this.#count -= known.size;
    }
  }

  #remember(name: string, hash: number, max: number): void {
    const known = this.#known.get(name) ?? new Set();
    this.#known.delete(name);
    this.#known.set(name, known);
    if (!known.delete(hash)) this.#count += 1;
    known.add(hash);
    if (known.size <= max) return;
    const [oldest] = known;
    known.delete(oldest!);
    this.#count -= 1;
  }
}

export function askedQueries(): AskedQueries {
  return processState("asked-queries", () => new AskedQueries());
}
