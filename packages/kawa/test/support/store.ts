import type { Delta, Write } from "../../src/rivetkit/wire/protocol.ts";
import type { SignalStore, Written } from "../../src/rivetkit/store/signal-store.ts";

/** Writes a batch of a client that has one batch on the way at a time. */
export function write(store: SignalStore, client: string, number: number, writes: readonly Write[]): Promise<Written> {
  return store.write({ client, number, settled: number, writes });
}

/** Every delta from now on. */
export function deltasOf(store: SignalStore): Delta[] {
  const deltas: Delta[] = [];
  store.listen(
    (delta) => deltas.push(delta),
    () => {},
  );
  return deltas;
}
