import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlackProxy } from "../../integration/support/black-proxy.ts";
import { adminToken, ownAddress, OwnEngine } from "../../integration/support/own-engine.ts";
import { killProcesses } from "../../integration/support/processes.ts";
import { OwnNats } from "./own-nats.ts";
import { OwnPostgres } from "./own-postgres.ts";
import { Server } from "./server.ts";

/** Where the engine stores, and how many there are. */
export type Store = "files" | "postgres" | "two nodes";

export type ClusterOptions = {
  readonly store: Store;
  /** Settings of the engine that are another than Kawa's. */
  readonly engineEnv?: Readonly<Record<string, string>>;
};

/**
 * Engines, two servers that host actors, and one that hosts none. Each server reaches the engines by a way of its own, at an address that is
 * not loopback where the machine has one.
 */
export class Cluster {
  readonly servers: readonly Server[];
  readonly engines: readonly OwnEngine[];
  readonly postgres: OwnPostgres | undefined;
  readonly nats: OwnNats | undefined;
  readonly #proxies: ReadonlyMap<Server, BlackProxy>;
  readonly #dataDir: string;

  private constructor(parts: Pick<Cluster, "engines" | "postgres" | "nats">, proxies: BlackProxy[], dataDir: string) {
    this.engines = parts.engines;
    this.postgres = parts.postgres;
    this.nats = parts.nats;
    this.#dataDir = dataDir;
    const host = ownAddress() ?? "127.0.0.1";
    this.servers = ["a", "b", "c"].map((name, index) => {
      const env = {
        RIVET_ENDPOINT: `http://${host}:${proxies[index]!.port}`,
        RIVET_TOKEN: adminToken,
        RIVET_NAMESPACE: "app",
        KAWA_SECRET: "the secret of all servers",
        KAWA_HOSTING: name === "c" ? "none" : "runner",
      };
      return new Server(name, { dataDir, env });
    });
    this.#proxies = new Map(this.servers.map((server, index) => [server, proxies[index]!]));
  }

  /** Undefined where the machine has no program for such a store. */
  static async start({ store, engineEnv = {} }: ClusterOptions): Promise<Cluster | undefined> {
    const postgres = store === "files" ? undefined : await OwnPostgres.start();
    if (store !== "files" && !postgres) return undefined;
    const nats = store === "two nodes" ? await OwnNats.start() : undefined;
    if (store === "two nodes" && !nats) {
      await postgres?.remove();
      return undefined;
    }
    const dataDir = mkdtempSync(join(tmpdir(), "kawa-chaos-"));
    const natsFile = nats ? writeNatsFile(dataDir, nats) : undefined;
    const options = { dataDir, host: "0.0.0.0", env: engineEnv, postgresUrl: postgres?.url, natsFile };
    const engines: OwnEngine[] = [];
    for (let node = 0; node < (nats ? 2 : 1); node += 1)
      engines.push(await OwnEngine.start({ ...options, publicHost: ownAddress() ?? "127.0.0.1" }));
    let turn = 0;
    // As a balancer does: in turns, and never to a node that is down.
    const nextPort = (): number => {
      const up = engines.filter((engine) => engine.isUp);
      return (up[turn++ % up.length] ?? engines[0]!).port;
    };
    const proxies = await Promise.all([1, 2, 3].map(() => BlackProxy.open(nextPort, "0.0.0.0")));
    const cluster = new Cluster({ engines, postgres, nats }, proxies, dataDir);
    await cluster.#whenReady();
    return cluster;
  }

  get keys(): readonly string[] {
    return this.servers.map(({ key }) => key);
  }

  /** What the servers have printed. */
  get logs(): string {
    return this.servers.map(({ name, log }) => log.replaceAll(/^/gm, `${name}: `)).join("\n");
  }

  proxyOf(server: Server): BlackProxy {
    return this.#proxies.get(server)!;
  }

  /** The server that the actor lives in. */
  async host(): Promise<Server> {
    for (const server of this.servers) if (!server.isOut && (await server.script.call("isHost"))) return server;
    throw new Error("No server hosts the actor.");
  }

  /** One that could host the actor and does not. */
  async bystander(): Promise<Server> {
    const host = await this.host();
    return this.servers.find((server) => server !== host && server.name !== "c")!;
  }

  async end(): Promise<void> {
    for (const server of this.servers) {
      await server.stopWriting().catch(() => {});
      await server.endBy("SIGKILL");
    }
    for (const proxy of this.#proxies.values()) proxy.close();
    for (const engine of this.engines) await engine.endBy("SIGKILL");
    await killProcesses(this.#dataDir);
    await this.nats?.endBy("SIGKILL");
    await this.postgres?.remove();
    rmSync(this.#dataDir, { recursive: true, force: true, maxRetries: 5 });
  }

  async #whenReady(): Promise<void> {
    const [first, ...others] = this.servers;
    await first!.script.call("open", this.keys);
    await Promise.all(others.map((server) => server.script.call("open", this.keys)));
  }
}

/** The engine reads where its NATS is from a file alone. */
function writeNatsFile(dataDir: string, { address }: OwnNats): string {
  const path = join(dataDir, "nats.json");
  writeFileSync(path, JSON.stringify({ nats: { addresses: [address] } }));
  return path;
}
