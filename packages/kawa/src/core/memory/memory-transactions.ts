import type { Entry, Snapshot } from "../backend/backend.ts";
import { createPresentEntry, type PresentEntry } from "../backend/entry.ts";
import type { Attempt, TransactionWrite } from "../backend/transacting.ts";
import { changeable, expectedSeq } from "../backend/expected.ts";
import { KawaError } from "../errors/errors.ts";
import { pauseIfDue } from "../process/turn-budget.ts";
import { applyChange } from "../value/commuting.ts";
import { encodeValue } from "../value/value.ts";

export type MemoryTransactions = {
  readonly openSnapshot: () => Snapshot;
  readonly entryOf: (key: string) => Entry;
  /** Writes all of it as one change. */
  readonly commit: (made: readonly MadeWrite[]) => void;
};

/** What a key holds after a transaction; `text` is null where it ends. */
export type MadeWrite = { readonly key: string; readonly text: string | null; readonly ttlMs: number | undefined };

const maxTries = 100;

/** Runs an attempt on one version, and commits it if nothing of that has changed meanwhile. */
export async function transactInMemory(attempt: Attempt, memory: MemoryTransactions): Promise<void> {
  for (let tries = 1; tries <= maxTries; tries += 1) {
    // A loop of transactions must not hold up the event loop.
    const pause = pauseIfDue();
    if (pause) await pause;
    const snapshot = memory.openSnapshot();
    const reads = new Map<string, number>();
    try {
      const writes = await attempt(async (key) => {
        await snapshot.load([key]);
        const entry = snapshot.peek(key);
        reads.set(key, entry.seq);
        return entry;
      });
      const isCurrent = [...reads].every(([key, seq]) => memory.entryOf(key).seq === seq);
      const isExpected = writes.every((write) => holds(write, memory.entryOf(write.key)));
      if (isCurrent && isExpected)
        return memory.commit(writes.map((write) => madeOf(write, memory.entryOf(write.key))));
    } finally {
      snapshot.release();
    }
  }
  throw new KawaError("UPDATE_CONFLICT", "A transaction lost against other writers for too long.");
}

function holds(write: TransactionWrite, before: Entry): boolean {
  return !("value" in write) || write.expect === undefined || write.expect === expectedSeq(before);
}

function madeOf(write: TransactionWrite, before: Entry): MadeWrite {
  const { key } = write;
  if ("isDeleted" in write) return { key, text: null, ttlMs: undefined };
  const { ttlMs } = write;
  if ("value" in write) return { key, text: encodeValue(key, write.value, undefined, write.version), ttlMs };
  const { changes, initial } = write;
  const start = changeable(key, before, initial).value;
  const value = changes.reduce<unknown>((made, change) => applyChange(key, made, change), start);
  return { key, text: encodeValue(key, value, undefined, initial.version), ttlMs };
}

/** The entries of what was made, as number `seq`. */
export function entriesOf(made: readonly MadeWrite[], seq: number): Map<string, Entry | PresentEntry> {
  return new Map(
    made.map(({ key, text }) => [key, text === null ? { state: "absent", seq } : createPresentEntry(seq, text)]),
  );
}
