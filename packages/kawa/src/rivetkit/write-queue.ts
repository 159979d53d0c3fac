import type { Entry, Updater } from "../core/backend.ts";
import { clip, KawaError } from "../core/errors.ts";
import { decodeValue, encodeValue } from "../core/value.ts";
import type { Replies, Write } from "./protocol.ts";

export type QueuedWrite = {
  readonly key: string;
  readonly change: { readonly text: string } | { readonly updater: Updater };
  /** Time of the process clock after which nobody waits any more. */
  readonly deadline: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/** All waiting writes of one key, folded into the one that is sent. */
type Folded = {
  readonly write: Write;
  readonly parts: readonly { readonly queued: QueuedWrite; readonly text: string }[];
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
  #waiting: QueuedWrite[] = [];
  #nextNumber = 1;

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  add(write: QueuedWrite): void {
    this.#waiting.push(write);
  }

  /** Keys whose current entry is needed to fold the waiting updates. */
  keysToLoad(): string[] {
    return [...new Set(this.#waiting.filter(({ change }) => "updater" in change).map(({ key }) => key))];
  }

  /** Takes the next batch: as many keys as fit, each with all its writes in order. */
  take(entryOf: (key: string) => Entry): Batch | undefined {
    const byKey = new Map<string, QueuedWrite[]>();
    let left: QueuedWrite[] = [];
    for (const queued of this.#waiting) {
      const same = byKey.get(queued.key);
      if (same) same.push(queued);
      else if (byKey.size < maxBatchKeys) byKey.set(queued.key, [queued]);
      else left.push(queued);
    }
    const folded: Folded[] = [];
    let bytes = 0;
    for (const [key, queued] of byKey) {
      const base = entryOf(key);
      // An update of a key that is not loaded yet waits for it.
      const isEarly = base.state === "unknown" && "updater" in queued[0]!.change;
      if (bytes > maxBatchBytes || isEarly) {
        left = left.concat(queued);
        continue;
      }
      const one = fold(key, queued, base);
      if (!one) continue;
      bytes += one.write.text?.length ?? 0;
      folded.push(one);
    }
    this.#waiting = left;
    if (folded.length === 0) return undefined;
    const deadline = folded.reduce((first, { parts }) => Math.min(first, parts[0]!.queued.deadline), Number.POSITIVE_INFINITY);
    return { number: this.#nextNumber++, folded, deadline };
  }

  /** Resolves what was applied; updates that lost a race go back to the front, to run again on the newer value. */
  settle(batch: Batch, reply: Replies["write"], now: number): void {
    const conflicts = new Set(reply.conflicts);
    const again: QueuedWrite[] = [];
    for (const { write, parts } of batch.folded) {
      for (const { queued, text } of parts) {
        if (!conflicts.has(write.key)) queued.resolve("updater" in queued.change ? decodeValue(text) : undefined);
        else if (queued.deadline > now) again.push(queued);
        else queued.reject(conflictError(write.key));
      }
    }
    this.#waiting = again.concat(this.#waiting);
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

  /** Writes come with growing deadlines, and go back to the front. */
  get firstDeadline(): number {
    return this.#waiting[0]?.deadline ?? Number.POSITIVE_INFINITY;
  }
}

/** Runs the writes of one key one after the other. Undefined when none of them gives a value. */
function fold(key: string, writes: readonly QueuedWrite[], base: Entry): Folded | undefined {
  const parts: { queued: QueuedWrite; text: string }[] = [];
  let text: string | undefined;
  let expect: number | undefined;
  for (const queued of writes) {
    try {
      if ("text" in queued.change) {
        text = queued.change.text;
      } else {
        if (text === undefined) expect = base.seq;
        const current: Entry = text === undefined ? base : { state: "present", seq: base.seq, value: decodeValue(text) };
        text = encodeValue(key, queued.change.updater(current));
      }
      parts.push({ queued, text });
    } catch (error) {
      queued.reject(error);
    }
  }
  if (text === undefined || parts.length === 0) return undefined;
  return { write: expect === undefined ? { key, text } : { key, text, expect }, parts };
}

function conflictError(key: string): KawaError {
  return new KawaError(
    "UPDATE_CONFLICT",
    `Updating "${clip(key)}" lost against other writers until its time was over. Spread the writes over a family of signals.`,
    { data: { key } },
  );
}
