import { setTimeout as sleep } from "node:timers/promises";
import { Forked } from "./forked.ts";
import { ratio, row, type Result, type Row } from "./report.ts";
import type { StreamClientOperations } from "./stream-clients.ts";
import type { StreamServerOperations, StreamSide } from "./stream-server.ts";
import { inTurns } from "./turns.ts";

const streamCount = 1_000;
const idleCount = 5_000;
const idleMs = 10_000;
const writes = { count: 60, gapMs: 50 };
const rounds = 6;
const arrivalTimeoutMs = 10_000;
const goals = { latency: 2, cpu: 2, memory: 1.5 };
const kilobyte = 1_000;

/** A server with its streams, and the browsers at their other ends. */
class Streams {
  readonly #server: Forked<StreamServerOperations>;
  readonly #clients: Forked<StreamClientOperations>;
  readonly #port: number;

  private constructor(server: Forked<StreamServerOperations>, clients: Forked<StreamClientOperations>, port: number) {
    this.#server = server;
    this.#clients = clients;
    this.#port = port;
  }

  static async start(side: StreamSide): Promise<Streams> {
    const server = new Forked<StreamServerOperations>("stream-server.ts", { nodeArguments: ["--expose-gc"] });
    const clients = new Forked<StreamClientOperations>("stream-clients.ts");
    try {
      return new Streams(server, clients, await server.call("listen", side));
    } catch (error) {
      await Promise.all([server.stop(), clients.stop()]);
      throw error;
    }
  }

  async open(count: number): Promise<void> {
    await this.#clients.call("open", this.#port, await this.#server.call("requests", count));
  }

  memory(): Promise<number> {
    return this.#server.call("memory");
  }

  /** CPU time of a second of writes, the latencies of what arrived, and how many streams have the last change. */
  async write({ count, gapMs }: typeof writes): Promise<{ cpuMs: number; latencies: number[]; upToDate: number }> {
    const { startedAt, cpuMs } = await this.#server.call("write", { count, gapMs });
    const { latencies, upToDate } = await this.#clients.call("latencies", startedAt, arrivalTimeoutMs);
    return { cpuMs: cpuMs / ((count * gapMs) / 1_000), latencies, upToDate };
  }

  async stop(): Promise<void> {
    await Promise.all([this.#server.stop(), this.#clients.stop()]);
  }
}

async function withStreams<T>(sides: readonly StreamSide[], work: (...streams: Streams[]) => Promise<T>): Promise<T> {
  const started: Streams[] = [];
  try {
    for (const side of sides) started.push(await Streams.start(side));
    return await work(...started);
  } finally {
    for (const streams of started) await streams.stop();
  }
}

/** Kawa's stream against the shortest one that `node:http` allows: very many readers of one value. */
export async function measureStreams(): Promise<Result> {
  const [busy, idle] = [await measureBusy(), await measureIdle()];
  return { rows: [...busy.rows, ...idle.rows], verdicts: [...busy.verdicts, ...idle.verdicts] };
}

async function measureBusy(): Promise<Result> {
  return withStreams(["bare", "kawa"], async (bare, kawa) => {
    const sides = [bare!, kawa!] as const;
    for (const streams of sides) await streams.open(streamCount);
    const [ofBare, ofKawa] = await inTurns(sides, { rounds }, (streams) => streams.write(writes));
    const latencyRow = (name: string, samples: typeof ofBare): Row =>
      row(`change to ${streamCount} streams, ${name}`, "ms", samples.flatMap(({ latencies }) => latencies));
    const cpuRow = (name: string, samples: typeof ofBare): Row =>
      row(`CPU of a second with ${1_000 / writes.gapMs} writes, ${name}`, "ms", samples.map(({ cpuMs }) => cpuMs));
    const [bareLatency, kawaLatency] = [latencyRow("bare", ofBare), latencyRow("kawa", ofKawa)];
    const [bareCpu, kawaCpu] = [cpuRow("bare", ofBare), cpuRow("kawa", ofKawa)];
    return {
      rows: [bareLatency, kawaLatency, bareCpu, kawaCpu],
      verdicts: [
        {
          name: `streams of ${streamCount} that got the last value`,
          value: Math.min(...ofKawa.map(({ upToDate }) => upToDate)),
          unit: "streams",
          goal: { atLeast: streamCount },
        },
        {
          name: "p99 from change to stream, kawa / bare",
          value: kawaLatency.stats.p99 / bareLatency.stats.p99,
          unit: "times",
          goal: { atMost: goals.latency },
        },
        { name: "CPU of the server, kawa / bare", value: ratio(kawaCpu, bareCpu), unit: "times", goal: { atMost: goals.cpu } },
      ],
    };
  });
}

/** Memory varies little from stream to stream, and not at all from run to run: each side is measured once. */
async function measureIdle(): Promise<Result> {
  return withStreams(["bare", "handler", "kawa"], async (bare, handler, kawa) => {
    const heap = {
      bare: await heapRow("bare", bare!),
      handler: await heapRow("bare route handler", handler!),
      kawa: await heapRow("kawa", kawa!),
    };
    await sleep(idleMs);
    const { upToDate } = await kawa!.write({ count: 1, gapMs: 0 });
    return {
      rows: Object.values(heap),
      verdicts: [
        { name: "memory a stream, kawa / bare", value: ratio(heap.kawa, heap.bare), unit: "times", goal: { atMost: goals.memory } },
        { name: "- bare route handler / bare", value: ratio(heap.handler, heap.bare), unit: "times" },
        { name: "- kawa / bare route handler", value: ratio(heap.kawa, heap.handler), unit: "times" },
        {
          name: `idle streams of ${idleCount} that got a change after ${idleMs / 1_000} s`,
          value: upToDate - 1,
          unit: "streams",
          goal: { atLeast: idleCount },
        },
      ],
    };
  });
}

async function heapRow(name: string, streams: Streams): Promise<Row> {
  // What is loaded with the first stream is not counted.
  await streams.open(1);
  const before = await streams.memory();
  await streams.open(idleCount);
  return row(`heap and external memory a stream, ${name}`, "KB", [((await streams.memory()) - before) / idleCount / kilobyte]);
}
