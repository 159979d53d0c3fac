import { Agent, request } from "node:http";
import { scattered } from "./bench-signals.ts";
import { Forked } from "./forked.ts";
import type { Operations } from "./neighbour.ts";
import { textOf } from "./text.ts";

export type Slice = { readonly inFlight: number; readonly durationMs: number; readonly valueBytes: number };

const keyCount = 1_000;

/** A server with SQLite in a process of its own, see `neighbour.ts`. */
export class NeighbourProcess extends Forked<Operations> {
  readonly #agent = new Agent({ keepAlive: true });
  #port = 0;
  #next = 0;

  private constructor() {
    super("neighbour.ts");
  }

  static async start(path: string): Promise<NeighbourProcess> {
    const neighbour = new NeighbourProcess();
    neighbour.#port = await neighbour.call("listen", path);
    return neighbour;
  }

  /** Answered requests a second, each of which writes a row. */
  async requestsPerSecond({ inFlight, durationMs, valueBytes }: Slice): Promise<number> {
    const startedAt = performance.now();
    let written = 0;
    const lanes = Array.from({ length: inFlight }, async () => {
      while (performance.now() - startedAt < durationMs) {
        const number = this.#next++;
        await this.#post(`/key/${scattered(number, keyCount)}`, textOf(number, valueBytes));
        written += 1;
      }
    });
    await Promise.all(lanes);
    return (written / (performance.now() - startedAt)) * 1_000;
  }

  override async stop(): Promise<void> {
    this.#agent.destroy();
    await super.stop();
  }

  #post(path: string, body: string): Promise<void> {
    return new Promise((resolve, reject) => {
      request({ host: "127.0.0.1", port: this.#port, path, method: "POST", agent: this.#agent }, (response) => {
        response.resume().on("end", resolve);
      })
        .on("error", reject)
        .end(body);
    });
  }
}
