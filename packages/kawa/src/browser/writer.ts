import { isKawaError } from "../core/errors/errors.ts";
import { backoff } from "../core/process/backoff.ts";
import { delay } from "../core/process/delay.ts";
import { batch } from "../core/process/reactive.ts";
import { encodeValue } from "../core/value/value.ts";
import { expectedSeq } from "../core/backend/expected.ts";
import { type CommutingChange, encodeChange } from "../core/value/commuting.ts";
import type { ValueRow, WriteRequest } from "./value-protocol.ts";
import { publicError } from "./ask.ts";
import { shownChange } from "./shown-change.ts";
import { deliver } from "./deliver.ts";
import { putWrite } from "./write-frame.ts";

import type { BrowserBackend } from "./browser-backend.ts";
import { loadCodec } from "./codec.ts";
import { randomId } from "./random-id.ts";
import { loaded, type PendingWrite, type Slot } from "./slot.ts";

loaded.show = shownChange;

type Performed = { readonly row?: ValueRow | undefined; readonly made?: unknown };

/** Most tries of an update when other writers are faster. */
const maxTries = 20;
const retry = { firstMs: 2, maxMs: 500 } as const;

/** Sends the writes of a key that wait, unless they are being sent. */
export function startSending(slot: Slot, backend: BrowserBackend): void {
  if (slot.isSending) return;
  slot.isSending = true;
  void sendWrites(slot, backend);
}

/**
 * Sends the writes of a key in order, one at a time: a `PUT` to the route, whose `writeValue` passes each on to the actor. This module is
 * loaded at the first write. It never rejects.
 */
export async function sendWrites(slot: Slot, backend: BrowserBackend): Promise<void> {
  for (let write = slot.writes[0], isNext = false; write; write = slot.writes[0], isNext = true) {
    write.isOnTheWay = true;
    try {
      if (write.part) {
        await write.part.turn();
        for (const { resolve } of write.settled) resolve(undefined);
        continue;
      }
      const reply = await perform(slot, write, backend, isNext);
      end(slot, () => {
        if (reply.row) slot.confirm(reply.row);
        slot.remove(write);
      });
      for (const { resolve } of write.settled) resolve(reply.made);
    } catch (error) {
      end(slot, () => slot.reject(write, error));
    }
  }
  // At once: a write that comes at the next moment would wait for ever.
  slot.isSending = false;
}

/** In one batch: in between the value from before would be shown, or a transaction that was made of what has gone. */
function end(slot: Slot, take: () => void): void {
  batch(() => {
    take();
    slot.show();
    for (const { part } of slot.writes) part?.moved(true);
  });
}

/** Performs one write. Resolves with the row that the actor has after it, and what the write has made. */
async function perform(slot: Slot, write: PendingWrite, backend: BrowserBackend, isNext?: boolean): Promise<Performed> {
  try {
    for (let tries = 1; ; tries += 1) {
      if (write.updater && !write.change && !slot.confirmed) await backend.read([slot.key]);
      checkVisitor(write);
      const base = expectedSeq(slot.entry);
      const request: WriteRequest = {
        ...(write.change ? changeRequest(slot, write.change, write.version) : valueRequest(slot, write, base)),
        ...(isNext && { isNext }),
      };
      // What is sent is shown, whatever others write meanwhile.
      if (write.change && slot.confirmed) write.held = { value: write.updater!(slot.entry) };
      slot.show();
      // It may have been applied already when it is sent again.
      const again: WriteRequest = { ...request, expect: request.expect ?? base, isAgain: true };
      const { row, isConflict, made } = await deliver(request, again, {
        send: putWrite,
        check: () => checkVisitor(write),
      });
      if (isConflict) checkVisitor(write);
      // The row is what an earlier visitor may see.
      if (write.isOfAnother) return {};
      await loadCodec(row ? [row] : []);
      if (!isConflict) return { row, made: write.change ? made : write.held?.value };
      if (row) await backend.receive([row]);
      if (tries === maxTries) throw publicError("UPDATE_CONFLICT", "Others were faster. Please try again.");
      await delay(Math.random() * backoff(retry, tries));
    }
  } catch (error) {
    if (write.change && isKawaError(error, "REQUEST_INVALID")) return performAsUpdate(slot, write, backend);
    // The write may have been applied or not: show what the actor holds.
    if (isKawaError(error) && error.status >= 500) await backend.read([slot.key]).catch(() => {});
    throw error;
  }
}

/** A server of an earlier version does not know changes: it is sent the result, and compares. */
function performAsUpdate(slot: Slot, write: PendingWrite, backend: BrowserBackend): Promise<Performed> {
  const { change } = write;
  const isIncrement = "increment" in change!;
  write.change = undefined;
  return perform(slot, write, backend).then(({ row, made }) => ({ row, made: isIncrement ? made : undefined }));
}

function changeRequest({ key }: Slot, change: CommutingChange, version: number | undefined): WriteRequest {
  return { id: randomId(), key, change: encodeChange(key, change), ...(version !== undefined && { version }) };
}

function valueRequest(slot: Slot, write: PendingWrite, base: number): WriteRequest {
  if (write.updater) write.held = { value: write.updater(slot.entry) };
  const { text = encodeHeld(slot.key, write), value } = write.held!;
  write.held = { text, value };
  return { id: randomId(), key: slot.key, text, expect: write.updater ? base : undefined };
}

/** A copy has lost the classes of its parts, so the original has to be a value too. A text or a number is its own copy. */
function encodeHeld(key: string, { held, version }: PendingWrite): string {
  const { value, original } = held!;
  if (value !== original) encodeValue(key, original);
  return encodeValue(key, value, undefined, version);
}

/** @throws {KawaError} UNAUTHORIZED - it would be sent as another visitor */
function checkVisitor({ isOfAnother }: PendingWrite): void {
  if (isOfAnother) throw publicError("UNAUTHORIZED", "Somebody else is signed in now. This was not saved.");
}
