import { streamRenewMs } from "../../core/streams/inline-streams.ts";

/** How long a server's hold on a stream lasts after it was last renewed, in milliseconds. */
export const streamLeaseMs: number = 3 * streamRenewMs;

/**
 * Which servers show an inline stream, and which of them produces its values: the one that has shown it for longest. All times are in
 * milliseconds of one clock. Leases of ephemeral values last for their `ttlMs`: see {@link KeyLeases}.
 */
export class StreamLeases {
  /** When the lease of each client ends, by stream. The client that has held the stream for longest comes first. */
  readonly #clients = new Map<string, Map<string, number>>();

  /** Begins or renews the leases of a client. Returns the streams whose values it has to produce. */
  register(client: string, streams: readonly string[], now: number): string[] {
    return streams.filter((stream) => this.#renew(client, stream, now));
  }

  unregister(client: string, streams: readonly string[]): void {
    for (const stream of streams) this.#clients.get(stream)?.delete(client);
  }

  /** Ends leases that were not renewed. Returns the streams that no client holds any more, each once. */
  expire(now: number): string[] {
    const ended: string[] = [];
    for (const [stream, clients] of this.#clients) {
      dropExpired(clients, now);
      if (clients.size > 0) continue;
      this.#clients.delete(stream);
      ended.push(stream);
    }
    return ended;
  }

  #renew(client: string, stream: string, now: number): boolean {
    let clients = this.#clients.get(stream);
    if (!clients) this.#clients.set(stream, (clients = new Map()));
    // Before the client is added: one that renews too late goes to the end of the line.
    dropExpired(clients, now);
    // A client that is in the map keeps its place.
    clients.set(client, now + streamLeaseMs);
    return clients.keys().next().value === client;
  }
}

function dropExpired(clients: Map<string, number>, now: number): void {
  for (const [client, endsAt] of clients) if (endsAt <= now) clients.delete(client);
}
