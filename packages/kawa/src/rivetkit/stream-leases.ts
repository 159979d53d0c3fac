import { streamRenewMs } from "../core/key.ts";

/** A client that has not said for so long that it shows a stream no longer shows it. */
const leaseMs = 3 * streamRenewMs;

/** Who shows which stream, and who of them produces its values. Times are in milliseconds, of one clock. */
export class StreamLeases {
  /** When the lease of each client ends, the one that has shown the stream for longest first. */
  readonly #clients = new Map<string, Map<string, number>>();

  /** Begins or renews the leases of a client. Gives the streams whose values it is to produce. */
  register(client: string, scopes: readonly string[], now: number): string[] {
    return scopes.filter((scope) => this.#renew(client, scope, now));
  }

  unregister(client: string, scopes: readonly string[]): void {
    for (const scope of scopes) this.#clients.get(scope)?.delete(client);
  }

  /** The streams that nobody shows any more, each once. */
  expire(now: number): string[] {
    const ended: string[] = [];
    for (const [scope, clients] of this.#clients) {
      dropExpired(clients, now);
      if (clients.size > 0) continue;
      this.#clients.delete(scope);
      ended.push(scope);
    }
    return ended;
  }

  #renew(client: string, scope: string, now: number): boolean {
    let clients = this.#clients.get(scope);
    if (!clients) this.#clients.set(scope, (clients = new Map()));
    // First: whoever comes back too late has to stand in line again.
    dropExpired(clients, now);
    // A client that is in the map keeps its place.
    clients.set(client, now + leaseMs);
    return clients.keys().next().value === client;
  }
}

function dropExpired(clients: Map<string, number>, now: number): void {
  for (const [client, endsAt] of clients) if (endsAt <= now) clients.delete(client);
}
