import type { Entry, Updater } from "../../core/backend/backend.ts";
import { createEntry, createPresentEntry } from "../../core/backend/entry.ts";
import { changeable, changedError, checkExpected, expectedSeq } from "../../core/backend/expected.ts";
import { applyChange, decodeChange, isIncrement } from "../../core/value/commuting.ts";
import { encodeValue } from "../../core/value/value.ts";
import { versionOfText } from "../../core/value/value-version.ts";
import { type Changes, noSeq, type ReplyError, type Write } from "../wire/protocol.ts";
import { fromReplyError } from "../wire/refusal.ts";
import type { KeyAlteration, KeyChange, QueuedWrite } from "./queued-write.ts";

/** The text that one of several folded writes made, or the error of its updater. */
export type Part =
  | { readonly queued: QueuedWrite; readonly text: string | null }
  /** The actor makes it, and says what it has made. */
  | { readonly queued: QueuedWrite; readonly isAltering: true }
  | { readonly queued: QueuedWrite; readonly error: unknown };

/** All waiting writes of one key, folded into the one that is sent. */
export type Folded = {
  readonly write: Write;
  readonly parts: readonly Part[];
  /** The one of them whose own `expect` is that of the write. */
  readonly condition?: QueuedWrite | undefined;
};

type FoldOptions = {
  readonly key: string;
  readonly writes: readonly QueuedWrite[];
  readonly base: Entry;
  readonly maxValueBytes: number | undefined;
};

/** Most changes of a key that one batch carries: the actor applies them in one go. */
const maxChanges = 200;

/**
 * How many of the writes of one key may be folded: changes that begin are made by the actor, and what comes after them waits. Behind another
 * write they are made here.
 */
export function foldableCount(writes: readonly QueuedWrite[]): number {
  const [first] = writes;
  const isOther = ({ change }: QueuedWrite): boolean => !("change" in change);
  if (first && !isOther(first)) {
    const isNext = ({ change }: QueuedWrite, at: number): boolean =>
      !("change" in change) || (at > 0 && change.expect !== undefined) || at === maxChanges;
    const end = writes.findIndex(isNext);
    return end < 0 ? writes.length : end;
  }
  // A renewal makes no value that a change could start from.
  const made = writes.findIndex(({ change }) => !("isRenewal" in change));
  return made > 0 && !isOther(writes[made]!) ? made : writes.length;
}

/** Runs the writes of one key one after the other. Undefined when none of them gives a value. */
export function foldWrites({
  key,
  writes,
  base,
  maxValueBytes,
}: FoldOptions): { folded: Folded; bytes: number } | undefined {
  if ("change" in writes[0]!.change) return foldChanges(key, writes);
  const parts: Part[] = [];
  let text: string | null | undefined;
  let expect: number | undefined;
  let ttlMs: number | undefined;
  let condition: QueuedWrite | undefined;
  for (const queued of writes) {
    const { change } = queued;
    try {
      const updater = updaterOf(change);
      if (updater) {
        const before = text === undefined ? base : createEntry(noSeq, text);
        const made = encodeValue(key, updater(before), maxValueBytes, versionOf(change));
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
      // The value that the updater saw may never be stored: after a conflict it runs again.
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

function foldChanges(key: string, writes: readonly QueuedWrite[]): { folded: Folded; bytes: number } {
  const alterations = writes.map(({ change }) => change as KeyAlteration);
  const { expect, initial, ttlMs } = alterations[0]!;
  const changes = alterations.map(({ change }) => change);
  const write: Changes = {
    key,
    changes,
    initial,
    ...(expect === undefined ? {} : { expect }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
  const folded: Folded = {
    write,
    parts: writes.map((queued) => ({ queued, isAltering: true })),
    condition: expect === undefined ? undefined : writes[0],
  };
  return { folded, bytes: changes.reduce((sum, { length }) => sum + length, initial.length) };
}

/**
 * What the caller of a change gets: the number that an increment has made.
 *
 * @throws {KawaError} CHANGE_REFUSED and others - the actor has refused it
 */
export function changeMade(change: string, made: unknown): unknown {
  if (typeof made === "object" && made !== null && "code" in made) throw fromReplyError(made as ReplyError);
  return isIncrement(change) ? made : undefined;
}

/** The same change for an actor that does not know them: computed here, and compared there. */
export function asUpdate({ change, ...queued }: QueuedWrite): QueuedWrite {
  if (!("change" in change)) return { change, ...queued };
  const { key, ttlMs } = change;
  const version = versionOf(change);
  const resolve = (made: unknown): void => queued.resolve(isIncrement(change.change) ? made : undefined);
  return { ...queued, change: { key, updater: updaterOf(change)!, ttlMs, version }, resolve };
}

function updaterOf(change: KeyChange): Updater | undefined {
  if ("updater" in change) return change.updater;
  if (!("change" in change)) return undefined;
  const { key, initial, expect } = change;
  return (entry) => {
    checkExpected(key, entry, expect);
    const { value } = changeable(key, entry, createPresentEntry(0, initial));
    return applyChange(key, value, decodeChange(change.change));
  };
}

/** The version of what a change makes. */
function versionOf(change: KeyChange): number | undefined {
  if ("updater" in change) return change.version;
  return "change" in change ? versionOfText(change.initial) : undefined;
}
