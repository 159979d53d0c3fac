/** Which clients hold which names. Times are in milliseconds, of one clock. */
export class Leases {
  /** When the lease of each client ends, the one that has held the name for longest first. */
  readonly #clients = new Map<string, Map<string, number>>();

  /** Begins or renews the leases of a client, which end `leaseMs` after `now`. Gives the names that it holds as the first. */
  register(client: string, names: readonly string[], { now, leaseMs }: { now: number; leaseMs: number }): string[] {
    return names.filter((name) => this.#renew(client, name, { now, endsAt: now + leaseMs }));
  }

  unregister(client: string, names: readonly string[]): void {
    for (const name of names) this.#clients.get(name)?.delete(client);
  }

  /** Ends leases that were not renewed. Returns the names that nobody holds any more, each once. */
  expire(now: number): string[] {
    const ended: string[] = [];
    for (const [name, clients] of this.#clients) {
      dropExpired(clients, now);
      if (clients.size > 0) continue;
      this.#clients.delete(name);
      ended.push(name);
    }
    return ended;
  }

  #renew(client: string, name: string, { now, endsAt }: { now: number; endsAt: number }): boolean {
    let clients = this.#clients.get(name);
    if (!clients) this.#clients.set(name, (clients = new Map()));
    // First: a client that renews too late has lost its place.
    dropExpired(clients, now);
    // A client that is in the map keeps its place.
    clients.set(client, endsAt);
    return clients.keys().next().value === client;
  }
}

function dropExpired(clients: Map<string, number>, now: number): void {
  for (const [client, endsAt] of clients) if (endsAt <= now) clients.delete(client);
}
