import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "./cluster.ts";
import type { Server } from "./server.ts";

const sampleMs = 100;
/** A page is loaded anew after so many samples. */
const samplesToLoad = 5;
/** A write that waits longer, and a page that is behind for longer, is an outage. */
const slowMs = 1_000;

type Sight = {
  rightAt: number;
  behindSince: number | undefined;
  wrongMs: number;
  lastBehindAt: number;
  isAsking: boolean;
};

/** What visitors notice of a fault: writes that wait, pages that are behind, and pages that are behind and say that they are live. */
export class Watch {
  readonly startedAt: number = performance.now();
  readonly #cluster: Cluster;
  /** Of a page that stays open, and of pages that are loaded now and then. */
  readonly #sights: ReadonlyMap<Server, Sight>;
  readonly #loads: ReadonlyMap<Server, Sight>;
  readonly #sampling: Promise<void>;
  #isStopped = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    const { startedAt } = this;
    const sight = (): Sight => ({
      rightAt: startedAt,
      behindSince: undefined,
      wrongMs: 0,
      lastBehindAt: startedAt,
      isAsking: false,
    });
    this.#sights = new Map(cluster.servers.map((server) => [server, sight()]));
    this.#loads = new Map(cluster.servers.map((server) => [server, sight()]));
    for (const server of cluster.servers) server.asked.length = 0;
    this.#sampling = this.#sample();
  }

  /** Longest time in which a page said "live" and was not. */
  get wrongMs(): number {
    return Math.max(...[...this.#sights.values(), ...this.#loads.values()].map(({ wrongMs }) => wrongMs));
  }

  /** When the last outage of a server has ended; the present where one lasts. */
  lastOutageOf(server: Server): number {
    const now = performance.now();
    const { behindSince, lastBehindAt } = this.#sights.get(server)!;
    if (server.waitsSince !== undefined && now - server.waitsSince > slowMs) return now;
    if (behindSince !== undefined && now - behindSince > slowMs) return now;
    const slow = server.asked.filter(({ tookMs, code }) => tookMs > slowMs || (code !== undefined && code !== "ended"));
    return Math.max(lastBehindAt, ...slow.map(({ at, tookMs }) => at + tookMs));
  }

  /** When the last outage of these has ended. */
  lastOutage(servers: readonly Server[]): number {
    return Math.max(...servers.map((server) => this.lastOutageOf(server)));
  }

  /** Codes of the errors that writes ended with, but for those of a server that has ended. */
  get errors(): readonly string[] {
    const codes = this.#cluster.servers.flatMap(({ asked }) => asked.map(({ code }) => code));
    return codes.filter((code) => code !== undefined && code !== "ended") as string[];
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#sampling;
  }

  async #sample(): Promise<void> {
    for (let sample = 0; !this.#isStopped; sample += 1, await sleep(sampleMs)) {
      for (const server of this.#cluster.servers) {
        void this.#look(server, this.#sights.get(server)!, "shown").catch(() => {});
        if (sample % samplesToLoad === 0) void this.#look(server, this.#loads.get(server)!, "loaded").catch(() => {});
      }
    }
  }

  async #look(server: Server, sight: Sight, what: "shown" | "loaded"): Promise<void> {
    // Nobody sees the page of a server that is out; browsers notice by themselves.
    if (server.isOut) sight.rightAt = performance.now();
    if (server.isOut || sight.isAsking) return;
    sight.isAsking = true;
    try {
      const truth = this.#cluster.servers.map(({ key, acknowledged }) => [key, acknowledged] as const);
      const { said, values } = await server.script.call(what);
      const now = performance.now();
      const isRight = truth.every(([key, least]) => (values[key] ?? 0) >= least);
      if (isRight || said !== "live") sight.rightAt = now;
      sight.wrongMs = Math.max(sight.wrongMs, now - sight.rightAt);
      if (isRight && said === "live") {
        if (sight.behindSince !== undefined && now - sight.behindSince > slowMs) sight.lastBehindAt = now;
        sight.behindSince = undefined;
      } else sight.behindSince ??= now;
    } finally {
      sight.isAsking = false;
    }
  }
}
