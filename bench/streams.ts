import { setTimeout as sleep } from "node:timers/promises";
import { BenchApp, type BenchAppName } from "./bench-app.ts";
import { Forked } from "./forked.ts";
import { ratio, row, type Result, type Row } from "./report.ts";
import type { StreamClientOperations } from "./stream-clients.ts";
import type { StreamServerOperations, StreamSide } from "./stream-server.ts";
import { withTempDir } from "./temp-dir.ts";
import { inTurns } from "./turns.ts";

const streamCount = 1_000;
const idleCount = 5_000;
const idleMs = 10_000;
const warmUpCount = 200;
const nodeArguments = ["--expose-gc"];
const writes = { count: 60, gapMs: 50 };
const rounds = 6;
const arrivalTimeoutMs = 10_000;
const goals = { latency: 2, cpu: 2, memory: 1.5, visitorKilobytes: 16 };
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
    const server = new Forked<StreamServerOperations>("stream-server.ts", { nodeArguments });
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
      row(
        `change to ${streamCount} streams, ${name}`,
        "ms",
        samples.flatMap(({ latencies }) => latencies),
      );
    const cpuRow = (name: string, samples: typeof ofBare): Row =>
      row(
        `CPU of a second with ${1_000 / writes.gapMs} writes, ${name}`,
        "ms",
        samples.map(({ cpuMs }) => cpuMs),
      );
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
        {
          name: "CPU of the server, kawa / bare",
          value: ratio(kawaCpu, bareCpu),
          unit: "times",
          goal: { atMost: goals.cpu },
        },
      ],
    };
  });
}

/** Memory varies little from stream to stream, and not at all from run to run: each side is measured once. */
async function measureIdle(): Promise<Result> {
  const bare = await withStreams(["bare"], (streams) => heapRow("bare", streams!));
  const handler = await withApp("bare-app", (app, clients) =>
    heapRow("route handler of Next", streamsOf(app, clients, "openBare")),
  );
  const { kawa, arrived } = await withApp("kawa-app", async (app, clients) => ({
    kawa: await heapRow("kawa in Next", streamsOf(app, clients, "openPages")),
    arrived: await countArrived(app, clients),
  }));
  const visitors = await withApp("kawa-app", async (app, clients) => ({
    kawa: await heapRow("kawa in Next, with a value and a presence", streamsOf(app, clients, "openVisitors")),
    arrived: await countArrived(app, clients),
  }));
  return {
    rows: [bare, handler, kawa, visitors.kawa],
    verdicts: [
      {
        name: "memory a stream, kawa in Next / bare",
        value: ratio(kawa, bare),
        unit: "times",
        goal: { atMost: goals.memory },
      },
      { name: "- route handler of Next / bare", value: ratio(handler, bare), unit: "times" },
      {
        name: `idle streams of ${idleCount} that got a change after ${idleMs / 1_000} s`,
        value: arrived - warmUpCount,
        unit: "streams",
        goal: { atLeast: idleCount },
      },
      {
        name: "memory a stream with a value and a presence",
        value: visitors.kawa.stats.p50,
        unit: "KB",
        goal: { atMost: goals.visitorKilobytes },
      },
      {
        name: `such streams of ${idleCount} that got a value after ${idleMs / 1_000} s`,
        value: visitors.arrived - warmUpCount,
        unit: "streams",
        goal: { atLeast: idleCount },
      },
    ],
  };
}

type Clients = Forked<StreamClientOperations>;

async function withApp<T>(name: BenchAppName, work: (app: BenchApp, clients: Clients) => Promise<T>): Promise<T> {
  return withTempDir(async (dataDir) => {
    const clients: Clients = new Forked("stream-clients.ts");
    let app: BenchApp | undefined;
    try {
      app = await BenchApp.start({ name, expectedScore: 0, dataDir, nodeArguments });
      return await work(app, clients);
    } finally {
      await clients.stop();
      await app?.stop();
    }
  });
}

type Opened = Pick<Streams, "open" | "memory">;

function streamsOf(app: BenchApp, clients: Clients, open: "openBare" | "openPages" | "openVisitors"): Opened {
  const port = Number(new URL(app.url).port);
  return { open: (count) => clients.call(open, port, count), memory: () => app.memory() };
}

async function countArrived(app: BenchApp, clients: Clients): Promise<number> {
  await sleep(idleMs);
  await clients.call("forgetArrivals");
  await app.setScore(1);
  return clients.call("countArrived", arrivalTimeoutMs);
}

async function heapRow(name: string, streams: Opened): Promise<Row> {
  // What is loaded and compiled for the first streams is not counted.
  await streams.open(warmUpCount);
  const before = await streams.memory();
  await streams.open(idleCount);
  return row(`heap and external memory a stream, ${name}`, "KB", [
    ((await streams.memory()) - before) / idleCount / kilobyte,
  ]);
}
