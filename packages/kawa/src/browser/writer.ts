import { isKawaError, type KawaError } from "../core/errors/errors.ts";
import { backoff } from "../core/process/backoff.ts";
import { delay } from "../core/process/delay.ts";
import { batch } from "../core/process/reactive.ts";
import { encodeValue } from "../core/value/value.ts";
import { expectedSeq } from "../core/backend/expected.ts";
import { acceptedHeader, type ValueRow, type WriteReply, type WriteRequest } from "./value-protocol.ts";
import { ask, publicError, retryDelayOf } from "./ask.ts";
import type { BrowserBackend } from "./browser-backend.ts";
import { loadCodec } from "./codec.ts";
import { randomId } from "./random-id.ts";
import type { HeldValue, PendingWrite, Slot } from "./slot.ts";

/** Most tries of an update when other writers are faster. */
const maxTries = 20;
const retry = { firstMs: 2, maxMs: 500 } as const;
/** A write whose answer was lost is sent once more after this long, in milliseconds. */
const resendDelayMs = 300;
/** Longest body, in characters, of a request that a browser lets outlive its page. */
const maxKeepAlive = 30_000;

/** Requests that the server has not answered yet, each with the form in which it is sent again. */
const unanswered = new Map<WriteRequest, WriteRequest>();
let isLeaving = false;
// A request with `keepalive` takes half a millisecond longer, so only a page that is being left sends such ones.
globalThis.addEventListener?.("pagehide", () => {
  isLeaving = true;
  for (const again of unanswered.values()) put(again).catch(() => {});
});
globalThis.addEventListener?.("pageshow", () => (isLeaving = false));

/**
 * Sends the writes of a key in order, one at a time: a `PUT` to the route, whose `writeValue` passes each on to the actor. This module is
 * loaded at the first write. It never rejects.
 */
export async function sendWrites(slot: Slot, backend: BrowserBackend): Promise<void> {
  for (let write = slot.writes[0]; write; write = slot.writes[0]) {
    write.isOnTheWay = true;
    try {
      const row = await perform(slot, write, backend);
      // In one batch: between the two the value from before would be shown.
      batch(() => {
        if (row) slot.confirm(row);
        slot.remove(write);
        slot.show();
      });
      for (const { resolve } of write.settled) resolve(write.held?.value);
    } catch (error) {
      slot.reject(write, error);
      slot.show();
    }
  }
}

/** Performs one write. Resolves with the row that the actor has after it. */
async function perform(slot: Slot, write: PendingWrite, backend: BrowserBackend): Promise<ValueRow | undefined> {
  try {
    for (let tries = 1; ; tries += 1) {
      if (write.updater && !slot.confirmed) await backend.read([slot.key]);
      checkVisitor(write);
      const base = expectedSeq(slot.entry);
      if (write.updater) write.held = { value: write.updater(slot.entry) };
      const { text = encodeHeld(slot.key, write.held!), value } = write.held!;
      write.held = { text, value };
      slot.show();
      const request = { id: randomId(), key: slot.key, text, expect: write.updater ? base : undefined };
      const { row, isConflict } = await deliver(request, base, write);
      if (isConflict) checkVisitor(write);
      // The row is what an earlier visitor may see.
      if (write.isOfAnother) return undefined;
      await loadCodec(row ? [row] : []);
      if (!isConflict) return row;
      if (row) await backend.receive([row]);
      if (tries === maxTries) throw publicError("UPDATE_CONFLICT", "Others were faster. Please try again.");
      await delay(Math.random() * backoff(retry, tries));
    }
  } catch (error) {
    // The write may have been applied or not: show what the actor holds.
    if (isKawaError(error) && error.status >= 500) await backend.read([slot.key]).catch(() => {});
    throw error;
  }
}

/** A copy has lost the classes of its parts, so the original has to be a value too. A text or a number is its own copy. */
function encodeHeld(key: string, { value, original }: HeldValue): string {
  if (value !== original) encodeValue(key, original);
  return encodeValue(key, value);
}

/** @throws {KawaError} UNAUTHORIZED - it would be sent as another visitor */
function checkVisitor({ isOfAnother }: PendingWrite): void {
  if (isOfAnother) throw publicError("UNAUTHORIZED", "Somebody else is signed in now. This was not saved.");
}

/** Sends a write until it is answered. After a lost answer it is sent once more, with `expect`: it may have been applied already. */
async function deliver(request: WriteRequest, base: number, write: PendingWrite): Promise<WriteReply> {
  const again: WriteRequest = { ...request, expect: request.expect ?? base, isAgain: true };
  let next = request;
  for (let tries = 1; ; tries += 1) {
    try {
      unanswered.set(request, again);
      return await put(next);
    } catch (error) {
      const retryMs = retryDelayOf(error, retry.maxMs);
      if (retryMs !== undefined && tries < maxTries) await delay(retryMs);
      else if (isKawaError(error, "WRITE_UNCONFIRMED") && !next.isAgain) {
        await delay(resendDelayMs);
        next = again;
      } else throw error;
      checkVisitor(write);
    } finally {
      unanswered.delete(request);
    }
  }
}

async function put(request: WriteRequest): Promise<WriteReply> {
  if (navigator.onLine === false) throw publicError("BACKEND_UNAVAILABLE", "There is no connection. It was not saved.");
  const body = JSON.stringify(request);
  const headers = { "content-type": "application/json" };
  const keepalive = isLeaving && body.length < maxKeepAlive;
  return ask(
    "",
    { method: "PUT", body, headers, keepalive },
    { lost: unconfirmed, fromHeaders: (answered) => acceptedAs(request, answered) },
  );
}

function acceptedAs({ key, text }: WriteRequest, headers: Headers): WriteReply {
  const [seq, epoch] = headers.get(acceptedHeader)?.split(" ") ?? [];
  return { row: epoch === undefined ? undefined : [key, text, Number(seq), epoch] };
}

function unconfirmed(): KawaError {
  return publicError("WRITE_UNCONFIRMED", "The server did not answer. What you see is what it has.");
}
