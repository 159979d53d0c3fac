import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import type { GroupedReply, WriteGroupReply } from "../../browser/value-protocol.ts";
import { decodeValue } from "../../core/value/value.ts";
import { answerLimits, costs, writeLimits } from "../limits/limits.ts";
import { isRecord } from "../limits/read-json.ts";
import { errorReply } from "./answer.ts";
import { checkWrite } from "./read-write.ts";
import { acceptedIn, applyWrite, type WriteOptions } from "./write-value.ts";

export type WriteGroupOptions = WriteOptions & {
  /** Takes what it costs beyond the request. @throws {KawaError} RATE_LIMITED */
  readonly charge: (cost: number) => void;
};

/** What a browser writes within a frame: each write has its own answer. */
export async function writeGroup(writes: readonly unknown[], options: WriteGroupOptions): Promise<WriteGroupReply> {
  const last = new Map<string, Promise<unknown>>();
  const replies = writes.map(async (given, at): Promise<GroupedReply> => {
    try {
      // The request itself has paid for the first one.
      if (at > 0) options.charge(costOf(given));
      const write = checkWrite(given);
      const before = last.get(write.key);
      const applied = before ? before.then(() => applyWrite(write, options)) : applyWrite(write, options);
      last.set(
        write.key,
        applied.catch(() => {}),
      );
      const reply = await applied;
      const accepted = acceptedIn(reply, write);
      return accepted === undefined ? reply : { accepted };
    } catch (error) {
      return errorReply(isKawaError(error) ? error : failed(error));
    }
  });
  return { replies: withinLimit(await Promise.all(replies)) };
}

/** A change of a large value takes as long as that value is, and an update of one is answered with it where others were faster. */
function costOf(given: unknown): number {
  const { text, expect } = isRecord(given) ? given : {};
  return typeof text === "string" && expect === undefined && isSmall(text) ? costs.furtherValue : 1;
}

/** Whether a value is one, and a small one: a short text may stand for one that takes milliseconds. */
function isSmall(text: string): boolean {
  try {
    decodeValue(text, writeLimits.smallValueBytes);
    return true;
  } catch {
    return false;
  }
}

/** Leaves out rows that are too many for one answer. The stream brings them, or the next try of whoever needs one. */
function withinLimit(replies: readonly GroupedReply[]): readonly GroupedReply[] {
  let left: number = answerLimits.maxBytes;
  return replies.map((reply) => {
    if (!("row" in reply) || !reply.row) return reply;
    const [key, text] = reply.row;
    const length = key.length + (text?.length ?? 0);
    // One value always fits.
    const hasRoom = left >= length || left === answerLimits.maxBytes;
    left -= hasRoom ? length : 0;
    return hasRoom ? reply : { ...reply, row: undefined };
  });
}

/** A schema or a function of the app has thrown: the others of the frame are answered all the same. */
function failed(cause: unknown): KawaError {
  console.error("[kawa] A write of a browser failed:", cause);
  return new KawaError("WRITE_UNCONFIRMED", "A write of a browser failed.", { cause });
}
