import { clip, isKawaError, KawaError } from "../../core/errors/errors.ts";
import type { BackedSignal } from "../../core/signal.ts";
import { acceptedHeader, type WriteReply, type WriteRequest } from "../../browser/value-protocol.ts";
import { answerHeaders } from "./answer.ts";
import { type AskingClient, nameOf } from "../network/asking-client.ts";
import type { ExposedSignals } from "./exposed-signals.ts";
import { changeValue } from "./change-value.ts";
import { checkMember } from "./check-member.ts";
import { changeIn, checkVersion, textAfter, valueOf } from "./written-text.ts";
import { readRow } from "./read-values.ts";
import { type WriteOutcome, writeOutcomes } from "./write-outcomes.ts";
import { writtenKeys } from "./written-keys.ts";

export type WriteOptions = {
  readonly signals: ExposedSignals;
  /** The client that writes: no other client is told the outcome. */
  readonly client: AskingClient;
};

/**
 * Writes in the name of the client that sent the request.
 *
 * @throws {KawaError} NOT_EXPOSED - there is no such signal, or browsers may not write it
 * @throws {KawaError} VALUE_INVALID - the signal's schema refuses the value
 * @throws {KawaError} WRITE_UNCONFIRMED - it was sent again, and may have been applied before
 * @throws {KawaError} RATE_LIMITED - the client writes too many different keys
 * @throws {KawaError} REQUEST_INVALID, VALUE_UNSERIALIZABLE, ACTION_REFUSED and those of a backend
 */
export async function writeValue(write: WriteRequest, options: WriteOptions): Promise<WriteReply | Response> {
  const reply = await applyWrite(write, options);
  const accepted = acceptedIn(reply, write);
  if (accepted === undefined) return reply;
  return new Response(null, { status: 204, headers: { ...answerHeaders, [acceptedHeader]: accepted } });
}

/** Number and epoch of what the actor holds, where that is what was sent. */
export function acceptedIn({ row, isConflict }: WriteReply, { text }: WriteRequest): string | undefined {
  return row && !isConflict && row[1] === text ? `${row[2]} ${row[3]}` : undefined;
}

/** As {@link writeValue}, without an answer for the wire. */
export async function applyWrite(write: WriteRequest, { signals, client }: WriteOptions): Promise<WriteReply> {
  const signal = signals.find(write.key, "write");
  if (!signal) throw new KawaError("NOT_EXPOSED", `Browsers cannot write "${clip(write.key)}".`);
  if (signal.ttlMs === undefined) writtenKeys().note(client, write.key);
  const id = `${nameOf(client)}\n${write.key}\n${write.id}`;
  const known = writeOutcomes().find(id);
  const outcome = known ?? perform(signal, write);
  if (!known) writeOutcomes().add(id, client.address, outcome);
  const { isConflict, made } = await outcome;
  const row = await readRow(await signal.backend.readerFor({ origin: "browser" }), signal);
  if (!isConflict) return made === undefined ? { row } : { row, made };
  if (known || !write.isAgain) return { row, isConflict };
  // The first attempt was applied, or somebody else wrote the same.
  if (row && write.change === undefined && row[1] === (await textAfter(signal, write))) return { row };
  throw new KawaError(
    "WRITE_UNCONFIRMED",
    `A write of "${clip(write.key)}" was sent again, and its first attempt may have been applied.`,
  );
}

async function perform(
  signal: BackedSignal<unknown>,
  { text = null, change, version, expect }: WriteRequest,
): Promise<WriteOutcome> {
  const { backend, key, ttlMs, shape } = signal;
  try {
    if (change !== undefined) {
      checkVersion(signal, version);
      return { isConflict: false, made: await changeValue(signal, changeIn(change), expect) };
    }
    const value = await valueOf(signal, text);
    if (text !== null) await checkMember(signal);
    const options = { origin: "browser", expect } as const;
    await (text === null
      ? backend.delete(key, options)
      : backend.set(key, value, { ...options, ttlMs, version: shape?.version }));
    return { isConflict: false };
  } catch (error) {
    if (isKawaError(error, "UPDATE_CONFLICT")) return { isConflict: true };
    throw error;
  }
}
