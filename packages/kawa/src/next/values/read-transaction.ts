import { maxKeyBytes } from "../../core/backend/key.ts";
import { groupIn } from "../../core/backend/members.ts";
import { isQueryKey } from "../../core/collections/query-key.ts";
import {
  type KnownNumber,
  maxGroupedWrites,
  type TransactionPart,
  type TransactionRequest,
} from "../../browser/value-protocol.ts";
import { isRecord } from "../limits/read-json.ts";
import { invalid } from "./invalid-write.ts";

/** @throws {KawaError} REQUEST_INVALID - it is no transaction, or a larger one than a group of writes may be */
export function checkTransaction(given: unknown): TransactionRequest {
  if (!isRecord(given)) throw invalid("its transaction is no object");
  const { id, reads, writes, bases = [] } = given;
  const isValid =
    typeof id === "string" &&
    id.length <= 64 &&
    isListOf(reads, isKnownNumber) &&
    isListOf(bases, isKnownNumber) &&
    isListOf(writes, isPart);
  if (!isValid) throw invalid("its transaction is malformed");
  const asked = given as TransactionRequest;
  const written = new Set(asked.writes.map(({ key }) => key));
  const keys = new Set([...written, ...asked.reads.map(([key]) => key)]);
  if (written.size < asked.writes.length) throw invalid("its transaction writes a key twice");
  if (asked.bases?.some(([key]) => !written.has(key))) throw invalid("its transaction is malformed");
  if (keys.size === 0 || Math.max(keys.size, changeCount(asked)) > maxGroupedWrites)
    throw invalid(`its transaction has ${keys.size} keys and ${changeCount(asked)} changes`);
  return asked;
}

/** How many writes a transaction is, each change of a key by itself. */
export function changeCount({ writes }: TransactionRequest): number {
  return writes.reduce((count, part) => count + ("changes" in part ? part.changes.length : 1), 0);
}

function isListOf(given: unknown, isOne: (one: unknown) => boolean): boolean {
  return Array.isArray(given) && given.length <= maxGroupedWrites && given.every(isOne);
}

function isKnownNumber(given: unknown): boolean {
  if (!Array.isArray(given) || given.length !== 3) return false;
  const [key, seq, epoch] = given as unknown as KnownNumber;
  return isKey(key) && Number.isSafeInteger(seq) && typeof epoch === "string" && epoch.length <= 64;
}

function isPart(given: unknown): boolean {
  if (!isRecord(given) || !isKey(given["key"])) return false;
  const { text, changes } = given as Partial<Extract<TransactionPart, { text: unknown }> & { changes: unknown }>;
  if (changes === undefined) return text === null || typeof text === "string";
  return text === undefined && isListOf(changes, (one) => typeof one === "string") && (changes as []).length > 0;
}

/** What follows from other keys has no number of its own to compare. */
function isKey(key: unknown): boolean {
  return typeof key === "string" && key.length <= maxKeyBytes && !isQueryKey(key) && groupIn(key) === undefined;
}
