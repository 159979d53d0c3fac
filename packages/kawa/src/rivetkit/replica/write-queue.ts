import type { Entry } from "../../core/backend/backend.ts";
import { clip, KawaError } from "../../core/errors/errors.ts";
import { changedError } from "../../core/backend/expected.ts";
import { isIncrement } from "../../core/value/commuting.ts";
import { decodeValue } from "../../core/value/value.ts";
import type { ChangeResults, Replies } from "../wire/protocol.ts";
import { asUpdate, changeMade, foldableCount, type Folded, foldWrites, type Part } from "./fold-writes.ts";
import type { KeyAlteration, QueuedWrite } from "./queued-write.ts";

/** One message to the actor. It keeps its number when it is sent again, so that it is applied once. */
export type Batch = {
  readonly number: number;
  readonly folded: readonly Folded[];
  /** When the first of its writers stops waiting. */
  readonly deadline: number;
  /** How often the unluckiest of its updates has lost. */
  readonly losses: number;
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

  /** Takes everything that waits out of the queue. */
  takeAll(): QueuedWrite[] {
    return this.#waiting.splice(0);
  }

  /** For an actor that does not know changes: each becomes an update. */
  turnIntoUpdates(): void {
    this.#waiting = this.#waiting.map(asUpdate);
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
    for (const [key, all] of byKey) {
      const base = entryOf(key);
      const queued = all.slice(0, foldableCount(all));
      const later = all.slice(queued.length);
      // An update of a key that is not loaded yet waits for it.
      const first = queued.find(({ change }) => !("isRenewal" in change));
      const isEarly = base.state === "unknown" && first !== undefined && "updater" in first.change;
      if (bytes > maxBatchBytes || isEarly) {
        early.push(...all);
        continue;
      }
      early.push(...later);
      const one = foldWrites({ key, writes: queued, base, maxValueBytes: this.#maxValueBytes });
      if (!one) continue;
      bytes += one.bytes;
      folded.push(one.folded);
    }
    this.#waiting = early.concat(this.#waiting);
    return folded.length === 0 ? undefined : this.#batch(folded);
  }

  /** Resolves what was applied; updates that lost a race go back to the front, to run again on the newer value. */
  settle(batch: Batch, reply: Pick<Replies["write"], "conflicts" | "results">, now: number): void {
    const conflicts = new Set(reply.conflicts);
    const results = new Map(reply.results);
    const again: QueuedWrite[] = [];
    for (const { write, parts, condition } of batch.folded) {
      const isConflict = "key" in write && conflicts.has(write.key);
      const made = "key" in write ? results.get(write.key) : undefined;
      for (const [at, part] of parts.entries()) {
        const { queued } = part;
        if (!isConflict) settlePart(part, made?.[at]);
        else if ("isRenewal" in write) queued.resolve(false);
        else if (queued === condition) queued.reject(changedError(write.key));
        else if (queued.deadline > now) again.push({ ...queued, losses: (queued.losses ?? 0) + 1 });
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
    let deadline = Number.POSITIVE_INFINITY;
    let losses = 0;
    for (const { parts } of folded) {
      const { queued } = parts[0]!;
      deadline = Math.min(deadline, queued.deadline);
      losses = Math.max(losses, queued.losses ?? 0);
    }
    return { number: this.#nextNumber++, folded, deadline, losses };
  }

  /** Writes come with growing deadlines, and go back to the front. */
  get firstDeadline(): number {
    return this.#waiting[0]?.deadline ?? Number.POSITIVE_INFINITY;
  }
}

function settlePart(part: Part, made: ChangeResults[1][number] | undefined): void {
  const { queued } = part;
  if ("error" in part) queued.reject(part.error);
  else if ("isAltering" in part) settleChange(queued, made);
  else if ("change" in queued.change)
    queued.resolve(isIncrement(queued.change.change) ? decodeValue(part.text!) : undefined);
  else if ("isRenewal" in queued.change) queued.resolve(true);
  else queued.resolve("updater" in queued.change && part.text !== null ? decodeValue(part.text) : undefined);
}

function settleChange({ change, resolve, reject }: QueuedWrite, made: unknown): void {
  try {
    resolve(changeMade((change as KeyAlteration).change, made));
  } catch (error) {
    reject(error);
  }
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
