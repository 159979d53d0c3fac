import { clip, isKawaError, KawaError } from "../../core/errors/errors.ts";
import { maxKeyBytes } from "../../core/backend/key.ts";
import type { BackedSignal } from "../../core/signal.ts";
import type { StandardIssue } from "../../core/standard-schema.ts";
import { decodeValue, encodeValue, maxValueBytes } from "../../core/value/value.ts";
import { acceptedHeader, type WriteReply, type WriteRequest } from "../../browser/value-protocol.ts";
import { answerHeaders } from "./answer.ts";
import { type AskingClient, nameOf } from "../network/asking-client.ts";
import type { ExposedSignals } from "./exposed-signals.ts";
import { checkMember } from "./check-member.ts";
import { type BodyOwner, isRecord, readJson } from "../limits/read-json.ts";
import { readRow } from "./read-values.ts";
import { writeOutcomes } from "./write-outcomes.ts";
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
  const reply = await apply(write, options);
  const { row, isConflict } = reply;
  if (!row || isConflict || row[1] !== write.text) return reply;
  return new Response(null, { status: 204, headers: { ...answerHeaders, [acceptedHeader]: `${row[2]} ${row[3]}` } });
}

async function apply(write: WriteRequest, { signals, client }: WriteOptions): Promise<WriteReply> {
  const signal = signals.find(write.key, "write");
  if (!signal) throw new KawaError("NOT_EXPOSED", `Browsers cannot write "${clip(write.key)}".`);
  if (signal.ttlMs === undefined) writtenKeys().note(client, write.key);
  const id = `${nameOf(client)}\n${write.key}\n${write.id}`;
  const known = writeOutcomes().find(id);
  const outcome = known ?? perform(signal, write);
  if (!known) writeOutcomes().add(id, client.address, outcome);
  const isConflict = await outcome;
  const row = await readRow(await signal.backend.readerFor({ origin: "browser" }), signal);
  if (!isConflict) return { row };
  if (known || !write.isAgain) return { row, isConflict };
  // The first attempt was applied, or somebody else wrote the same.
  if (row && row[1] === (await textAfter(signal, write))) return { row };
  throw new KawaError(
    "WRITE_UNCONFIRMED",
    `A write of "${clip(write.key)}" was sent again, and its first attempt may have been applied.`,
  );
}

/** True when another writer was faster. */
async function perform(signal: BackedSignal<unknown>, { text, expect }: WriteRequest): Promise<boolean> {
  const { backend, key, ttlMs } = signal;
  const value = await valueOf(signal, text);
  if (text !== null) await checkMember(signal);
  try {
    const options = { origin: "browser", expect } as const;
    await (text === null ? backend.delete(key, options) : backend.set(key, value, { ...options, ttlMs }));
    return false;
  } catch (error) {
    if (isKawaError(error, "UPDATE_CONFLICT")) return true;
    throw error;
  }
}

/** What the key holds when the write was applied. */
async function textAfter(signal: BackedSignal<unknown>, { text }: WriteRequest): Promise<string | null> {
  return text === null ? null : encodeValue(signal.key, await valueOf(signal, text));
}

async function valueOf(signal: BackedSignal<unknown>, text: string | null): Promise<unknown> {
  return text === null ? undefined : check(signal, decode(signal.key, text));
}

/** A short text may stand for a large value. */
function decode(key: string, text: string): unknown {
  const maxBytes = Math.max(maxValueBytes, text.length);
  try {
    return decodeValue(text, maxBytes);
  } catch (error) {
    if (!isKawaError(error, "VALUE_UNREADABLE") || error.data["isTooLarge"] !== true)
      throw invalid("its value is malformed");
    throw new KawaError(
      "VALUE_TOO_LARGE",
      `The value that a browser wrote to "${clip(key)}" expands to more than ${maxBytes} bytes.`,
    );
  }
}

/** What the signal's schema makes of a value. */
async function check({ key, exposure }: BackedSignal<unknown>, value: unknown): Promise<unknown> {
  const result = await exposure!.schema?.["~standard"].validate(value);
  if (!result) return value;
  if (!result.issues) return result.value;
  const publicMessage = result.issues.map(toText).join(" ");
  throw new KawaError("VALUE_INVALID", `"${clip(key)}" cannot hold this: ${publicMessage}`, {
    data: { isPublic: true, publicMessage },
  });
}

function toText({ message, path = [] }: StandardIssue): string {
  const names = path.map((segment) => String(typeof segment === "object" ? segment.key : segment));
  return names.length === 0 ? message : `${names.join(".")}: ${message}`;
}

/**
 * The write in the body of a request.
 *
 * @throws {KawaError} VALUE_TOO_LARGE - the body has more than `maxBytes`
 * @throws {KawaError} REQUEST_INVALID - it is no write
 * @throws {KawaError} REQUEST_TIMEOUT, RATE_LIMITED - as `readJson`
 */
export async function readWrite(request: Request, maxBytes: number, owner: BodyOwner): Promise<WriteRequest> {
  const tooLong = (): KawaError =>
    new KawaError("VALUE_TOO_LARGE", `A write from a browser may have at most ${maxBytes} bytes.`);
  const body = await readJson(request, { ...owner, maxBytes, invalid, tooLong });
  if (!isRecord(body)) throw invalid("it is no object");
  const { id, key, text, expect, isAgain } = body;
  const isValid =
    typeof id === "string" &&
    id.length <= 64 &&
    typeof key === "string" &&
    key.length <= maxKeyBytes &&
    (text === null || typeof text === "string") &&
    (expect === undefined || Number.isSafeInteger(expect)) &&
    (isAgain === undefined || typeof isAgain === "boolean");
  if (!isValid) throw invalid("it is malformed");
  return body as WriteRequest;
}

function invalid(reason: string): KawaError {
  return new KawaError(
    "REQUEST_INVALID",
    `The write was refused: ${reason}. Only signals of client components send writes.`,
  );
}
