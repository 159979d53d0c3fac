import type { Entry, OperationOptions, Updater } from "../../core/backend/backend.ts";
import { createPresentEntry } from "../../core/backend/entry.ts";
import { clip, KawaError } from "../../core/errors/errors.ts";
import { changedError, expectedSeq } from "../../core/backend/expected.ts";
import { decodeValue, encodeValue } from "../../core/value/value.ts";
import type { FromHook } from "../hooks/hook-chain.ts";
import type { Replies, Write } from "../wire/protocol.ts";

/**
 * What becomes of a key (`text: null` deletes it; with `expect` only the value of that number), or of all keys that start with
 * `clear`.
 */
export type KeyChange =
  | {
      readonly key: string;
      readonly text: string | null;
      readonly expect?: number | undefined;
      readonly ttlMs?: number | undefined;
    }
  | { readonly key: string; readonly updater: Updater; readonly ttlMs?: number | undefined }
  | { readonly key: string; readonly isRenewal: true }
  | { readonly clear: string };

export type QueuedWrite = {
  readonly change: KeyChange;
  /** Encoded identity of the writer, where hooks may ask for it. */
  readonly context: Promise<string | undefined>;
  readonly origin?: OperationOptions["origin"];
  /** The hook that writes. */
  readonly from?: FromHook | undefined;
  /** Time of the process clock after which nobody waits any more. */
  readonly deadline: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/** What one of several folded writes made, or the error of its updater. */
type Part =
  | { readonly queued: QueuedWrite; readonly text: string | null }
  | { readonly queued: QueuedWrite; readonly error: unknown };

/** All waiting writes of one key, folded into the one that is sent. */
type Folded = {
  readonly write: Write;
  readonly parts: readonly Part[];
  /** The one of them whose own `expect` is that of the write. */
  readonly condition?: QueuedWrite | undefined;
};

/** One message to the actor. It keeps its number when it is sent again, so that it is applied once. */
export type Batch = {
  readonly number: number;
  readonly folded: readonly Folded[];
  /** When the first of its writes need no longer be waited for. */
  readonly deadline: number;
};

const maxBatchKeys = 1_000;
const maxBatchBytes = 4 * 1024 * 1024;

/** Waiting writes of one backend in order, folded by key. */
export class WriteQueue {
  readonly #maxValueBytes: number | undefined;
  #waiting: QueuedWrite[] = [];
  #nextNumber = 1;

  constructor(maxValueBytes?: number) {
    this.#maxValueBytes = maxValueBytes;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(write: QueuedWrite): void {
    this.#waiting.push(write);
  }

  /** Gives everything that waits to somebody else. */
  takeAll(): QueuedWrite[] {
    return this.#waiting.splice(0);
  }

  /** Keys whose current entry is needed to fold the waiting updates. */
  keysToLoad(): string[] {
    return [...new Set(this.#waiting.flatMap(({ change }) => ("updater" in change ? [change.key] : [])))];
  }

  /** Takes the next batch: as many keys as fit, each with all its writes in order. A clear travels alone. */
  take(entryOf: (key: string) => Entry): Batch | undefined {
    const byKey = new Map<string, QueuedWrite[]>();
    let left: QueuedWrite[] = [];
    for (const [at, queued] of this.#waiting.entries()) {
      const { change } = queued;
      if ("clear" in change) {
        if (at === 0) return this.#takeClear(queued, change);
        left = left.concat(this.#waiting.slice(at));
        break;
      }
      const same = byKey.get(change.key);
      if (same) same.push(queued);
      else if (byKey.size < maxBatchKeys) byKey.set(change.key, [queued]);
      else left.push(queued);
    }
    // What an updater writes in its turn comes after everything that waits.
    this.#waiting = left;
    const folded: Folded[] = [];
    const early: QueuedWrite[] = [];
    let bytes = 0;
    for (const [key, queued] of byKey) {
      const base = entryOf(key);
      // An update of a key that is not loaded yet waits for it.
      const first = queued.find(({ change }) => !("isRenewal" in change));
      const isEarly = base.state === "unknown" && first !== undefined && "updater" in first.change;
      if (bytes > maxBatchBytes || isEarly) {
        early.push(...queued);
        continue;
      }
      const one = fold({ key, writes: queued, base, maxValueBytes: this.#maxValueBytes });
      if (!one) continue;
      bytes += one.bytes;
      folded.push(one.folded);
    }
    this.#waiting = early.concat(this.#waiting);
    return folded.length === 0 ? undefined : this.#batch(folded);
  }

  /** Resolves what was applied; updates that lost a race go back to the front, to run again on the newer value. */
  settle(batch: Batch, reply: Replies["write"], now: number): void {
    const conflicts = new Set(reply.conflicts);
    const again: QueuedWrite[] = [];
    for (const { write, parts, condition } of batch.folded) {
      const isConflict = "key" in write && conflicts.has(write.key);
      for (const part of parts) {
        const { queued } = part;
        if (!isConflict) settlePart(part);
        else if ("isRenewal" in write) queued.resolve(false);
        else if (queued === condition) queued.reject(changedError(write.key));
        else if (queued.deadline > now) again.push(queued);
        else queued.reject("updater" in queued.change ? conflictError(write.key) : lateError(write.key));
      }
    }
    this.#waiting = again.concat(this.#waiting);
  }

  /** Takes back a batch that was not applied. */
  putBack({ folded }: Batch): void {
    this.#waiting = folded.flatMap(({ parts }) => parts.map(({ queued }) => queued)).concat(this.#waiting);
  }

  reject(batch: Batch, error: unknown): void {
    for (const { parts } of batch.folded) for (const { queued } of parts) queued.reject(error);
  }

  /** Rejects the writes whose time is over at `now`. */
  rejectUntil(now: number, error: unknown): void {
    const overdue = this.#waiting.filter(({ deadline }) => deadline <= now);
    this.#waiting = this.#waiting.filter(({ deadline }) => deadline > now);
    for (const queued of overdue) queued.reject(error);
  }

  #takeClear(queued: QueuedWrite, { clear }: { readonly clear: string }): Batch {
    this.#waiting.shift();
    return this.#batch([{ write: { clear }, parts: [{ queued, text: null }] }]);
  }

  #batch(folded: readonly Folded[]): Batch {
    const deadline = folded.reduce(
      (first, { parts }) => Math.min(first, parts[0]!.queued.deadline),
      Number.POSITIVE_INFINITY,
    );
    return { number: this.#nextNumber++, folded, deadline };
  }

  /** Writes come with growing deadlines, and go back to the front. */
  get firstDeadline(): number {
    return this.#waiting[0]?.deadline ?? Number.POSITIVE_INFINITY;
  }
}

function settlePart(part: Part): void {
  const { queued } = part;
  if ("error" in part) queued.reject(part.error);
  else if ("isRenewal" in queued.change) queued.resolve(true);
  else queued.resolve("updater" in queued.change && part.text !== null ? decodeValue(part.text) : undefined);
}

type FoldOptions = {
  readonly key: string;
  readonly writes: readonly QueuedWrite[];
  readonly base: Entry;
  readonly maxValueBytes: number | undefined;
};

/** Runs the writes of one key one after the other. Undefined when none of them gives a value. */
function fold({ key, writes, base, maxValueBytes }: FoldOptions): { folded: Folded; bytes: number } | undefined {
  const parts: Part[] = [];
  let text: string | null | undefined;
  let expect: number | undefined;
  let ttlMs: number | undefined;
  let condition: QueuedWrite | undefined;
  for (const queued of writes) {
    const { change } = queued;
    try {
      if ("updater" in change) {
        const made = encodeValue(
          key,
          change.updater(text === undefined ? base : entryOf(text, uncommittedSeq)),
          maxValueBytes,
        );
        if (text === undefined) expect = expectedSeq(base);
        text = made;
      } else if ("text" in change) {
        if (change.expect !== undefined && text === undefined) {
          expect = change.expect;
          condition = queued;
        } else if (change.expect !== undefined && !(change.expect === 0 && text === null)) {
          // The write before it gives the key another number.
          throw changedError(key);
        }
        text = change.text;
      }
      if (!("clear" in change || "isRenewal" in change)) ttlMs = change.ttlMs;
      parts.push({ queued, text: text ?? null });
    } catch (error) {
      // What it saw may never come to be: after a conflict it runs again.
      if (text !== undefined) parts.push({ queued, error });
      else queued.reject(error);
    }
  }
  if (parts.length === 0) return undefined;
  // To set a value renews it.
  if (text === undefined) return { folded: { write: { key, isRenewal: true }, parts }, bytes: 0 };
  const write: Write = {
    key,
    text,
    ...(expect === undefined ? {} : { expect }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
  return { folded: { write, parts, condition }, bytes: text?.length ?? 0 };
}

/** No commit has this number. */
const uncommittedSeq = -1;

function entryOf(text: string | null, seq: number): Entry {
  return text === null ? { state: "absent", seq } : createPresentEntry(seq, text);
}

/** A set or a delete cannot lose, but waits for the updates of its key that were made before it. */
function lateError(key: string): KawaError {
  return new KawaError(
    "BACKEND_TIMEOUT",
    `A write of "${clip(key)}" waited too long for an earlier update of its key. It was not applied.`,
  );
}

export function conflictError(key: string): KawaError {
  return new KawaError(
    "UPDATE_CONFLICT",
    `Updating "${clip(key)}" lost against other writers for too long. Spread the writes over a family of signals.`,
    { data: { key } },
  );
}
