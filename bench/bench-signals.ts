import { namespace, type Signal } from "kawa";
import { initReactiveBackend, type ReactiveBackend } from "kawa/rivetkit";
import { registry } from "./registry.ts";

/** The first `keyCount` signals of an actor. */
export type SignalSet = { readonly actorId: string; readonly keyCount: number };

export type BenchSignals = {
  readonly backend: ReactiveBackend;
  readonly keys: readonly string[];
  readonly signals: readonly Signal<string>[];
};

/** Prime to every count of keys that the measures use. */
const stride = 7_919;
const made = new Map<string, BenchSignals>();

/** The signals of a set, made once. */
export function benchSignals({ actorId, keyCount }: SignalSet): BenchSignals {
  const id = `${actorId} ${keyCount}`;
  let found = made.get(id);
  if (!found) {
    const backend = initReactiveBackend({ registry, actorId, global: false });
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
