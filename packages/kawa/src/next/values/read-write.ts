import { KawaError } from "../../core/errors/errors.ts";
import { maxKeyBytes } from "../../core/backend/key.ts";
import { maxGroupedWrites, type TransactionRequest, type WriteRequest } from "../../browser/value-protocol.ts";
import { type BodyOwner, isRecord, readJson } from "../limits/read-json.ts";
import { invalid } from "./invalid-write.ts";
import { checkTransaction } from "./read-transaction.ts";

/** A write, the writes of a frame, which {@link checkWrite} looks into, or a transaction. */
type Asked =
  | { readonly write: WriteRequest }
  | { readonly writes: readonly unknown[] }
  | { readonly transaction: TransactionRequest };

/**
 * What the body of a request asks for.
 *
 * @throws {KawaError} VALUE_TOO_LARGE - the body has more than `maxBytes`
 * @throws {KawaError} REQUEST_INVALID - it is none of these
 * @throws {KawaError} REQUEST_TIMEOUT, RATE_LIMITED - as `readJson`
 */
export async function readWrites(request: Request, maxBytes: number, owner: BodyOwner): Promise<Asked> {
  const tooLong = (): KawaError =>
    new KawaError("VALUE_TOO_LARGE", `A write from a browser may have at most ${maxBytes} bytes.`);
  const body = await readJson(request, { ...owner, maxBytes, invalid, tooLong });
  const { writes, transaction } = isRecord(body) ? body : {};
  if (transaction !== undefined) return { transaction: checkTransaction(transaction) };
  if (!Array.isArray(writes)) return { write: checkWrite(body) };
  if (writes.length === 0 || writes.length > maxGroupedWrites) throw invalid(`it holds ${writes.length} writes`);
  return { writes };
}

/** Whether one of these goes on with what its browser has just written. */
export function isNext(writes: readonly unknown[]): boolean {
  return writes.some((write) => isRecord(write) && write["isNext"] === true);
}

/** @throws {KawaError} REQUEST_INVALID - it is no write */
export function checkWrite(given: unknown): WriteRequest {
  if (!isRecord(given)) throw invalid("it is no object");
  const { id, key, text, change, version, expect, isAgain } = given;
  const isValid =
    typeof id === "string" &&
    id.length <= 64 &&
    typeof key === "string" &&
    key.length <= maxKeyBytes &&
    (change === undefined
      ? text === null || typeof text === "string"
      : text === undefined && typeof change === "string") &&
    (version === undefined || Number.isSafeInteger(version)) &&
    (expect === undefined || Number.isSafeInteger(expect)) &&
    (isAgain === undefined || typeof isAgain === "boolean");
  if (!isValid) throw invalid("it is malformed");
  return given as WriteRequest;
}
