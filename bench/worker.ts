import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ActorService } from "../packages/kawa/src/rivetkit/actor/actor-service.ts";
import { host } from "../packages/kawa/src/rivetkit/host/host.ts";
import { hostedServices } from "../packages/kawa/src/rivetkit/wire/hosted-services.ts";
import { bareContexts } from "./bare-actor.ts";
import { connectBare, hostBare } from "./bare-client.ts";
import { benchCounter, benchSignals, scattered, type SignalSet, tenantSignal } from "./bench-signals.ts";
import { bytesInUse } from "./bytes-in-use.ts";
import { type Change, prepareChange, watchChange } from "./changes.ts";
import { moveToCore } from "./cores.ts";
import { lastDeltaBytes, noteDeltaBytes } from "./delta-bytes.ts";
import { machineTime, serveOperations } from "./forked.ts";
import { registry } from "./registry.ts";
import { rowOperations } from "./row-operations.ts";
import { textOf } from "./text.ts";

// A plain Node process that hosts actors, and does what the measure that forked it asks for.

const fillChunkKeys = 5_000;
const loadChunkKeys = 1_000;
const bareKeyCount = 1_000;

let bareConnection: ReturnType<typeof connectBare> | undefined;

type Times = {
  readonly warmUpCount: number;
  readonly count: number;
  readonly pauseMs: number;
  /** Each change starts when another thread has answered, as after a flush. @default false */
  readonly isAfterWait?: boolean;
};
type Arrival = { readonly at: number; readonly deltaBytes: number };

/** Changes that came in, by kind and number. */
const arrivals = new Map<string, PromiseWithResolvers<Arrival>>();

function arrivalOf(change: Change, number: number): PromiseWithResolvers<Arrival> {
  const id = `${JSON.stringify(change)} ${number}`;
  let found = arrivals.get(id);
  if (!found) arrivals.set(id, (found = Promise.withResolvers<Arrival>()));
  return found;
}

// No two workers write the same text: a commit that changes no page is cheaper than any real one.
let nextNumber = process.pid * 1_000_000;

type Slice = { readonly inFlight: number; readonly durationMs: number; readonly valueBytes: number };

const operations = {
  ...rowOperations,
  async ready(): Promise<void> {},
  /** Starts the engine of the folder, or joins it. */
  async start(): Promise<void> {
    await host().start();
  },
  async stop(): Promise<void> {
    await host().stop();
  },
  /** How many actors live in this process. */
  async actorCount(): Promise<number> {
    return hostedServices.size + bareContexts.size;
  },
  /** How many shards of a backend live in this process. */
  async shardCount(actorId: string): Promise<number> {
    const services = [...hostedServices.values()] as ActorService[];
    return services.filter(({ context }) => context.key[0]?.startsWith(`${actorId}#`)).length;
  },
  /** CPU time that this process has used, in microseconds. */
  async cpuUs(): Promise<number> {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  async moveToCore(core: number): Promise<void> {
    moveToCore(core);
  },
  /** Writes every signal of a set, with values of `smallestBytes` to `largestBytes`. */
  async fill(set: SignalSet, smallestBytes: number, largestBytes: number = smallestBytes): Promise<void> {
    const { signals } = benchSignals(set);
    const writes = (start: number): Promise<void>[] =>
      signals.slice(start, start + fillChunkKeys).map((signal, offset) => {
        const index = start + offset;
        return signal.set(textOf(index, smallestBytes + (index % (largestBytes - smallestBytes + 1))));
      });
    for (let start = 0; start < signals.length; start += fillChunkKeys) await Promise.all(writes(start));
  },
  /** Loads a set into the replica of this process; returns how many milliseconds that took. */
  async load(set: SignalSet): Promise<number> {
    const { backend, keys, signals } = benchSignals(set);
    const startedAt = performance.now();
    for (let start = 0; start < keys.length; start += loadChunkKeys) {
      await backend.load(keys.slice(start, start + loadChunkKeys));
    }
    const tookMs = performance.now() - startedAt;
    const empty = signals.find((signal) => signal.peek() === "");
    if (empty) throw new Error(`"${empty.key}" has no value.`);
    return tookMs;
  },
  /** Adds 1 to one counter again and again; returns how often, and how many times that was computed. */
  async count(
    kind: "increment" | "update",
    durationMs: number,
    inFlight: number,
  ): Promise<{ count: number; runs: number }> {
    const end = performance.now() + durationMs;
    let count = 0;
    let runs = 0;
    const lane = async (): Promise<void> => {
      while (performance.now() < end) {
        if (kind === "increment") {
          runs += 1;
          await benchCounter().increment();
        } else await benchCounter().update((n) => ((runs += 1), n + 1));
        count += 1;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, lane));
    return { count, runs };
  },
  async counted(): Promise<number> {
    return benchCounter().get();
  },
  /** Makes changes one after the other; returns the milliseconds of each one. */
  async time(change: Change, { warmUpCount, count, pauseMs, isAfterWait = false }: Times): Promise<number[]> {
    const run = await prepareChange(change);
    const samples: number[] = [];
    for (let done = 0; done < warmUpCount + count; done += 1) {
      if (pauseMs > 0) await sleep(pauseMs);
      if (isAfterWait) await stat(import.meta.filename);
      const startedAt = performance.now();
      await run(nextNumber++);
      if (done >= warmUpCount) samples.push(performance.now() - startedAt);
    }
    return samples;
  },
  /** Makes `count` changes one after the other. Returns the number of the last one, and when it was started. */
  async change(change: Change, count: number, gapMs = 0): Promise<{ number: number; startedAt: number }> {
    const run = await prepareChange(change);
    let startedAt = 0;
    for (let done = 0; done < count; done += 1) {
      if (gapMs > 0) await sleep(gapMs);
      startedAt = machineTime();
      await run(nextNumber++);
    }
    return { number: nextNumber - 1, startedAt };
  },
  /** From now on `arrival` knows the changes that other processes make. */
  async watch(change: Change): Promise<void> {
    await watchChange(change, (number) => {
      arrivalOf(change, number).resolve({ at: machineTime(), deltaBytes: lastDeltaBytes() });
    });
  },
  /** When a change came in, and the size of the message that brought it. Changes before it are forgotten. */
  async arrival(change: Change, number: number): Promise<Arrival> {
    const arrival = await arrivalOf(change, number).promise;
    arrivals.clear();
    return arrival;
  },
  /** Acknowledged writes a second, of as many different signals as are in flight. Neighbours share pages of the store. */
  async writesPerSecond(
    set: SignalSet,
    order: "scattered" | "neighbours",
    { inFlight, durationMs, valueBytes }: Slice,
  ): Promise<number> {
    const { signals } = benchSignals(set);
    const indexOf = (number: number): number =>
      order === "scattered" ? scattered(number, set.keyCount) : number % set.keyCount;
    const startedAt = performance.now();
    let written = 0;
    const lanes = Array.from({ length: inFlight }, async () => {
      while (performance.now() - startedAt < durationMs) {
        const number = nextNumber++;
        await signals[indexOf(number)]!.set(textOf(number, valueBytes));
        written += 1;
      }
    });
    await Promise.all(lanes);
    return (written / (performance.now() - startedAt)) * 1_000;
  },
  /** As {@link writesPerSecond}, with as many writes in flight to each shard: visitors do not wait for shards of others. */
  async writesToShards(set: SignalSet, { inFlight, durationMs, valueBytes }: Slice): Promise<number> {
    const { backend, signals } = benchSignals(set);
    const byShard = [...Map.groupBy(signals, ({ key }) => backend.shardOf?.(key) ?? backend).values()];
    const startedAt = performance.now();
    let written = 0;
    const lanes = byShard.flatMap((own) =>
      Array.from({ length: inFlight }, async () => {
        while (performance.now() - startedAt < durationMs) {
          const number = nextNumber++;
          await own[scattered(number, own.length)]!.set(textOf(number, valueBytes));
          written += 1;
        }
      }),
    );
    await Promise.all(lanes);
    return (written / (performance.now() - startedAt)) * 1_000;
  },
  /** Makes a backend for each of `count` customers, with a signal; returns how many milliseconds that took. */
  async registerTenants(count: number): Promise<number> {
    const startedAt = performance.now();
    for (let tenant = 0; tenant < count; tenant += 1) tenantSignal(String(tenant));
    return performance.now() - startedAt;
  },
  /** Reads the signal of a customer; returns how many milliseconds that took. */
  async readTenant(tenant: string): Promise<number> {
    const startedAt = performance.now();
    await tenantSignal(tenant).get();
    return performance.now() - startedAt;
  },
  /** Starts the bare actor in this process. */
  async hostBare(): Promise<void> {
    await hostBare();
  },
  /** Acknowledged actions a second of the bare actor, over RivetKit's own connection; each is a commit. */
  async actionsPerSecond({ inFlight, durationMs, valueBytes }: Slice): Promise<number> {
    const connection = await (bareConnection ??= connectBare());
    const startedAt = performance.now();
    let written = 0;
    const lanes = Array.from({ length: inFlight }, async () => {
      while (performance.now() - startedAt < durationMs) {
        const number = nextNumber++;
        await connection.commit(`key:${scattered(number, bareKeyCount)}`, textOf(number, valueBytes));
        written += 1;
      }
    });
    await Promise.all(lanes);
    return (written / (performance.now() - startedAt)) * 1_000;
  },
  /** Microseconds of CPU time that this process has used, on all its threads. */
  async cpuTime(): Promise<number> {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  /** Bytes that are in use after garbage collection, which needs `--expose-gc`. */
  async memory(): Promise<{ heap: number; rss: number }> {
    return { heap: await bytesInUse(), rss: process.memoryUsage.rss() };
  },
};

export type Operations = typeof operations;

noteDeltaBytes();
host().use(registry);

serveOperations(operations);
