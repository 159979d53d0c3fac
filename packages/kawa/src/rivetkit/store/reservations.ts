import { delay } from "../../core/process/delay.ts";
import type { Batch } from "./batch-group.ts";

export type SentBatch = Batch & {
  /** How often the unluckiest of its writes has been in conflict before. */
  readonly losses?: number | undefined;
};

type Reservation = {
  readonly client: string;
  readonly keys: readonly string[];
  readonly over: Promise<void>;
  end(): void;
};

/** What has lost so often before, and loses again, comes first the next time. */
const lossesBeforeTurn = 2;
/** A reservation ends after this long, in milliseconds, whatever its client does. */
const maxMs = 100;
/** Most keys of one, and of all of them: what is beyond is not reserved. */
const maxKeys = 64;
const maxAllKeys = 1_000;

/**
 * Keys that wait for one update or transaction that has lost again and again: batches of other clients that write them, or are made of them,
 * come after it. Nobody waits for longer than a reservation may last.
 */
export class Reservations {
  readonly #byKey = new Map<string, Reservation>();

  /** Reserves what comes again of a batch that was in conflict too often, unless another one has reserved any of it. */
  noteLoss(batch: SentBatch, conflicts: readonly string[]): void {
    const { client, losses = 0, isWhole } = batch;
    if (losses < lossesBeforeTurn) return;
    const keys = [...new Set(isWhole ? keysOf(batch) : conflicts)];
    const isTaken = keys.some((key) => this.#byKey.has(key));
    if (client === undefined || isTaken || keys.length > maxKeys || this.#byKey.size + keys.length > maxAllKeys) return;
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reservation.end(), maxMs);
    const reservation: Reservation = {
      client,
      keys,
      over,
      end: () => {
        clearTimeout(timer);
        for (const key of keys) if (this.#byKey.get(key) === reservation) this.#byKey.delete(key);
        resolve();
      },
    };
    for (const key of keys) this.#byKey.set(key, reservation);
  }

  /** Undefined where nobody else has reserved a key of the batch. */
  whenFree(batch: Batch): Promise<unknown> | undefined {
    if (this.#byKey.size === 0) return undefined;
    const others = new Set(keysOf(batch).flatMap((key) => this.#byKey.get(key) ?? []));
    const ends = [...others].filter(({ client }) => client !== batch.client).map(({ over }) => over);
    return ends.length === 0 ? undefined : Promise.race([Promise.all(ends), delay(maxMs)]);
  }

  /** The one for which keys were reserved has come. */
  end(batch: Batch): void {
    if (this.#byKey.size === 0) return;
    for (const key of keysOf(batch)) {
      const reservation = this.#byKey.get(key);
      if (reservation?.client === batch.client) reservation?.end();
    }
  }
}

function keysOf({ writes, checks = [] }: Batch): string[] {
  const written = writes.flatMap((write) => ("key" in write ? [write.key] : []));
  return checks.map(([key]) => key).concat(written);
}
