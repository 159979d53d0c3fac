import type { Entry } from "../../core/backend/backend.ts";
import { createEntry } from "../../core/backend/entry.ts";
import { changedError, expectedSeq } from "../../core/backend/expected.ts";
import { encodeValue } from "../../core/value/value.ts";
import { noSeq, type Write } from "../wire/protocol.ts";
import type { QueuedWrite } from "./queued-write.ts";

/** The text that one of several folded writes made, or the error of its updater. */
export type Part =
  | { readonly queued: QueuedWrite; readonly text: string | null }
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

/** Runs the writes of one key one after the other. Undefined when none of them gives a value. */
export function foldWrites({
  key,
  writes,
  base,
  maxValueBytes,
}: FoldOptions): { folded: Folded; bytes: number } | undefined {
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
          change.updater(text === undefined ? base : createEntry(noSeq, text)),
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
