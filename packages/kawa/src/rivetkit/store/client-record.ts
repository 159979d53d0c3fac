import type { ChangeResults } from "../wire/protocol.ts";

/** What became of a batch: the keys that were in conflict, and what its changes have made. */
export type Applied = { readonly conflicts: readonly string[]; readonly results: readonly ChangeResults[] };

/** What the store remembers of a client, so that none of its batches is applied twice. */
export type ClientRecord = {
  /** The client sends no number below this one again. */
  readonly settled: number;
  /** Batches that were applied. */
  readonly applied: ReadonlyMap<number, Applied>;
  /** Time of the last batch. */
  readonly at: number;
};

type StoredBatch = readonly [number: number, conflicts?: readonly string[], results?: readonly ChangeResults[]];
type Stored = { at: number; settled: number; applied: readonly StoredBatch[] };
/** Form of older versions, in which a client had one batch on the way at a time. */
type StoredLast = { at: number; number: number; conflicts: readonly string[] };

const memoryMs = 24 * 60 * 60 * 1000;

const nothing: Applied = { conflicts: [], results: [] };

/** What became of a batch that was applied before; undefined for a new one. */
export function appliedIn(record: ClientRecord | undefined, number: number): Applied | undefined {
  if (!record) return undefined;
  // A frame of an ended connection may arrive after the client has learnt the outcome on another connection.
  return record.applied.get(number) ?? (number < record.settled ? nothing : undefined);
}

/** A record that grows with a group of batches: copying it for each of them would cost as much as all of them. */
export class GrowingRecord implements ClientRecord {
  settled: number;
  readonly applied: Map<number, Applied>;
  at: number;

  constructor(record: ClientRecord | undefined) {
    this.settled = record?.settled ?? 0;
    this.applied = new Map(record?.applied);
    this.at = record?.at ?? 0;
  }

  add(batch: { readonly number: number; readonly settled: number }, { conflicts, results }: Applied): void {
    this.settled = Math.max(this.settled, Math.min(batch.settled, batch.number));
    this.applied.set(batch.number, { conflicts, results });
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
    applied: [...applied].map(([number, { conflicts, results }]): StoredBatch => {
      if (results.length > 0) return [number, conflicts, results];
      return conflicts.length > 0 ? [number, conflicts] : [number];
    }),
  };
  return JSON.stringify(stored);
}

export function decodeRecord(text: string): ClientRecord {
  const stored = JSON.parse(text) as Stored | StoredLast;
  if ("number" in stored)
    return {
      at: stored.at,
      settled: stored.number,
      applied: new Map([[stored.number, { ...nothing, conflicts: stored.conflicts }]]),
    };
  return {
    at: stored.at,
    settled: stored.settled,
    applied: new Map(stored.applied.map(([number, conflicts = [], results = []]) => [number, { conflicts, results }])),
  };
}

/** Adds the records that a storage holds to those that are known. */
export function mergeClients(known: Map<string, ClientRecord>, found: ReadonlyMap<string, ClientRecord>): void {
  for (const [client, record] of found) {
    const before = known.get(client);
    known.set(client, before ? mergeRecords(before, record) : record);
  }
}
