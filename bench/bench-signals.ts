import { namespace, type Signal } from "kawa";
import { initReactiveBackend, type ReactiveBackend } from "kawa/rivetkit";
import { registry } from "./registry.ts";

/** The first `keyCount` signals of an actor, or of several; with hooks, one that is asked about each write. */
export type SignalSet = {
  readonly actorId: string;
  readonly keyCount: number;
  readonly hooks?: true;
  readonly shards?: number;
};

/** Each of the signals is an entity: they are spread evenly. */
const shardBy = { "bench:key": 3 };

export type BenchSignals = {
  readonly backend: ReactiveBackend;
  readonly keys: readonly string[];
  readonly signals: readonly Signal<string>[];
};

/** Prime to every count of keys that the measures use. */
const stride = 7_919;
const made = new Map<string, BenchSignals>();

/** The signals of a set, made once. */
export function benchSignals({ actorId, keyCount, hooks, shards }: SignalSet): BenchSignals {
  const id = `${actorId} ${keyCount} ${hooks}`;
  let found = made.get(id);
  if (!found) {
    const actorName = hooks ? "hookedState" : "reactiveState";
    const getContext = (): { userId: string } => ({ userId: "bench" });
    const divided = shards === undefined ? {} : { shards, shardBy };
    const backend = initReactiveBackend({ registry, actorName, actorId, getContext, global: false, ...divided });
    const bench = namespace("bench", { backend });
    // Keys of one length, whatever their number: a delta has the same size.
    const signals = Array.from({ length: keyCount }, (_, index) =>
      bench.signal(`key:${String(index).padStart(6, "0")}`, ""),
    );
    made.set(id, (found = { backend, keys: signals.map(({ key }) => key), signals }));
  }
  return found;
}

/** Visits all of `count` keys in an order that is not the store's: neighbours in the tree are changed far apart. */
export function scattered(number: number, count: number): number {
  return ((number % count) * stride) % count;
}

/** A signal of the backend of one customer, which is made here if it is not there. */
export function tenantSignal(tenant: string): Signal<number> {
  const backend = initReactiveBackend({ registry, actorId: `tenant-${tenant}`, global: false });
  return namespace("bench", { backend }).signal("visits", 0);
}

/** One number that many processes change. */
export function benchCounter(): Signal<number> {
  const backend = initReactiveBackend({ registry, actorId: "counter", global: false });
  return namespace("bench", { backend }).signal("counter", 0);
}
