/** What the store remembers of a client, so that none of its batches is applied twice. */
export type ClientRecord = {
  /** The client sends no number below this one again. */
  readonly settled: number;
  /** Batches that were applied, and the keys that were in conflict. */
  readonly applied: ReadonlyMap<number, readonly string[]>;
  /** Time of the last batch. */
  readonly at: number;
};

type Stored = { at: number; settled: number; applied: readonly (readonly [number, (readonly string[])?])[] };
/** Form of older versions, in which a client had one batch on the way at a time. */
type StoredLast = { at: number; number: number; conflicts: readonly string[] };

const memoryMs = 24 * 60 * 60 * 1000;

/** Conflicts of a batch that was applied before; undefined for a new one. */
export function conflictsOf(record: ClientRecord | undefined, number: number): readonly string[] | undefined {
  if (!record) return undefined;
  // A frame of an ended connection may arrive after the client has learnt the outcome on another connection.
  return record.applied.get(number) ?? (number < record.settled ? [] : undefined);
}

/** A record that grows with a group of batches: copying it for each of them would cost as much as all of them. */
export class GrowingRecord implements ClientRecord {
  settled: number;
  readonly applied: Map<number, readonly string[]>;
  at: number;

  constructor(record: ClientRecord | undefined) {
    this.settled = record?.settled ?? 0;
    this.applied = new Map(record?.applied);
    this.at = record?.at ?? 0;
  }

  add(batch: { readonly number: number; readonly settled: number; readonly conflicts: readonly string[] }): void {
    this.settled = Math.max(this.settled, Math.min(batch.settled, batch.number));
    this.applied.set(batch.number, batch.conflicts);
    this.at = Math.max(this.at, Date.now());
    // In about the order in which they were numbered; one that came late is forgotten with those before it.
    for (const number of this.applied.keys()) {
      if (number >= this.settled) break;
      this.applied.delete(number);
    }
  }
}

/** Joins what two records know of one client. */
function mergeRecords(a: ClientRecord, b: ClientRecord): ClientRecord {
  const settled = Math.max(a.settled, b.settled);
  const applied = [...a.applied, ...b.applied].filter(([number]) => number >= settled);
  return { settled, applied: new Map(applied), at: Math.max(a.at, b.at) };
}

/** True for a client that has been silent for a day. */
export function isForgotten({ at }: ClientRecord): boolean {
  return at < Date.now() - memoryMs;
}

export function encodeRecord({ at, settled, applied }: ClientRecord): string {
  const stored: Stored = {
    at,
    settled,
    applied: [...applied].map(([number, keys]) => (keys.length > 0 ? [number, keys] : [number])),
  };
  return JSON.stringify(stored);
}

export function decodeRecord(text: string): ClientRecord {
  const stored = JSON.parse(text) as Stored | StoredLast;
  if ("number" in stored)
    return { at: stored.at, settled: stored.number, applied: new Map([[stored.number, stored.conflicts]]) };
  return {
    at: stored.at,
    settled: stored.settled,
    applied: new Map(stored.applied.map(([number, keys = []]) => [number, keys])),
  };
}

/** Adds the records that a storage holds to those that are known. */
export function mergeClients(known: Map<string, ClientRecord>, found: ReadonlyMap<string, ClientRecord>): void {
  for (const [client, record] of found) {
    const before = known.get(client);
    known.set(client, before ? mergeRecords(before, record) : record);
  }
}
