import { namespace, type Signal } from "../../../src/index.ts";
import { host } from "../../../src/rivetkit/host/host.ts";
import { initReactiveBackend, reactiveRegistry } from "../../../src/rivetkit/index.ts";
import { Replica } from "../../../src/rivetkit/replica/replica.ts";
import { serveOperations } from "./serve-operations.ts";
import { streamOperations } from "./stream-operations.ts";

// A server of an app in plain Node: hosts the actor, and does what the test that forked it asks for.

initReactiveBackend({ registry: reactiveRegistry });
const app = namespace("app");
const seen = new Map<string, unknown[]>();

let deltasToLose = 0;
const applyDelta = Replica.prototype.applyDelta;
Replica.prototype.applyDelta = function (delta) {
  if (deltasToLose === 0) return applyDelta.call(this, delta);
  deltasToLose -= 1;
  return true;
};

function signalOf(key: string): Signal<unknown> {
  return app.signal<unknown>(key, null);
}

const operations = {
  ...streamOperations,
  /** Starts the engine and the runner, and returns where the engine listens. */
  async start(options: { port?: number } = {}): Promise<string> {
    const { endpoint } = await host().start(options);
    return endpoint;
  },
  async stop(): Promise<void> {
    await host().stop();
  },
  /** Folder of the journals, for actors that are slow to end. */
  async journals(): Promise<string | undefined> {
    return host().journals?.path;
  },
  async get(key: string): Promise<unknown> {
    return signalOf(key).get();
  },
  /** What this process shows at this moment, without asking anybody. */
  async peek(key: string): Promise<unknown> {
    return signalOf(key).peek();
  },
  async set(key: string, value: unknown): Promise<void> {
    await signalOf(key).set(value);
  },
  /** `count` increments that are all on the way at once; resolves with the highest result. */
  async increment(key: string, count: number): Promise<number> {
    const signal = signalOf(key) as Signal<number | null>;
    const results = await Promise.all(Array.from({ length: count }, () => signal.update((n) => (n ?? 0) + 1)));
    return Math.max(...results.map(Number));
  },
  /** `count` increments in groups: each group is on the way at once, after the one before is durable. */
  async incrementInGroups(key: string, count: number, groupSize: number): Promise<void> {
    for (let done = 0; done < count; done += groupSize) await operations.increment(key, groupSize);
  },
  /** Collects all values of a signal from now on; {@link operations.seen} returns them. */
  async watch(key: string): Promise<void> {
    const values: unknown[] = [];
    seen.set(key, values);
    signalOf(key).subscribe((value) => values.push(value));
    await signalOf(key).get();
  },
  async seen(key: string): Promise<unknown[]> {
    return seen.get(key) ?? [];
  },
  /** The next deltas do not reach the replica, as if the network had lost them. */
  async loseDeltas(count: number): Promise<void> {
    deltasToLose = count;
  },
  async deltasToLose(): Promise<number> {
    return deltasToLose;
  },
};

export type Operations = typeof operations;
serveOperations(operations);

// RivetKit's native part keeps a process alive after its runner was shut down.
process.on("disconnect", () => process.exit());
