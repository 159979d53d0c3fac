import type { Backend } from "../../core/backend/backend.ts";
import { spreadError } from "../../core/backend/spread-error.ts";
import { clip, isKawaError, KawaError } from "../../core/errors/errors.ts";
import type { BackedSignal } from "../../core/signal.ts";
import { leaveOut } from "../../core/value/unreadable.ts";
import type { KnownNumber, TransactionReply, TransactionRequest, ValueRow } from "../../browser/value-protocol.ts";
import { nameOf } from "../network/asking-client.ts";
import { answerLimits, costs } from "../limits/limits.ts";
import { checkMember } from "./check-member.ts";
import { commitTransaction, type Known, type Part } from "./commit-transaction.ts";
import { loadRows, readRow } from "./read-values.ts";
import { changeCount } from "./read-transaction.ts";
import { type WriteOutcome, writeOutcomes } from "./write-outcomes.ts";
import type { WriteOptions } from "./write-value.ts";
import { changeIn, checkVersion, textAfter, valueOf } from "./written-text.ts";
import { writtenKeys } from "./written-keys.ts";

export type TransactionOptions = WriteOptions & {
  /** Takes what it costs beyond the request. @throws {KawaError} RATE_LIMITED */
  readonly charge: (cost: number) => void;
};

type Asked = {
  readonly backend: Backend;
  readonly known: readonly Known[];
  readonly bases: readonly Known[];
  readonly written: readonly BackedSignal<unknown>[];
};

/**
 * Makes a transaction of a browser in the name of the client that sent it: all of it, or nothing.
 *
 * @throws {KawaError} NOT_EXPOSED - it reads or writes what browsers may not
 * @throws {KawaError} TRANSACTION_INVALID - its signals live in two backends
 * @throws {KawaError} VALUE_INVALID, CHANGE_REFUSED, ACTION_REFUSED - one of its reads or writes was refused
 * @throws {KawaError} WRITE_UNCONFIRMED - it was sent again, and may have been made before
 * @throws {KawaError} RATE_LIMITED, REQUEST_INVALID and those of a backend
 */
export async function writeTransaction(
  request: TransactionRequest,
  { signals, client, charge }: TransactionOptions,
): Promise<TransactionReply> {
  // The request itself has paid for the first write.
  charge(Math.max(0, changeCount(request) - 1) + request.reads.length * costs.key);
  const find = (key: string, access: "read" | "write"): BackedSignal<unknown> => {
    const signal = signals.find(key, access);
    if (!signal) throw new KawaError("NOT_EXPOSED", `Browsers cannot ${access} "${clip(key)}".`);
    return signal;
  };
  const knownOf = ([key, seq, epoch]: KnownNumber): Known => ({ signal: find(key, "read"), seq, epoch });
  const written = request.writes.map(({ key }) => find(key, "write"));
  const known = request.reads.map(knownOf);
  const bases = (request.bases ?? []).map(knownOf);
  const all = [...new Set([...written, ...known.map(({ signal }) => signal)])];
  const asked: Asked = { backend: oneBackendOf(all), known, bases, written };
  for (const { key, ttlMs } of written) if (ttlMs === undefined) writtenKeys().note(client, key);

  const id = `${nameOf(client)}\n\n${request.id}`;
  const before = writeOutcomes().find(id);
  const outcome = before ?? perform(request, asked);
  if (!before) writeOutcomes().add(id, client.address, outcome);
  const { isConflict } = await outcome;
  if (!isConflict) return { rows: await rowsOf(asked.backend, written) };
  if (before || !request.bases) return { rows: await rowsOf(asked.backend, all), isConflict };
  const rows = await rowsOf(asked.backend, written);
  // The first attempt was made, or somebody else wrote the same at once.
  if (await isMade(request, written, rows)) return { rows };
  throw unconfirmed();
}

function unconfirmed(): KawaError {
  return new KawaError("WRITE_UNCONFIRMED", "A transaction was sent again, and its first attempt may have been made.");
}

function oneBackendOf(signals: readonly BackedSignal<unknown>[]): Backend {
  const [first] = signals;
  for (const signal of signals) if (signal.backend !== first!.backend) throw spreadError(first!, signal);
  return first!.backend;
}

async function perform({ writes }: TransactionRequest, asked: Asked): Promise<WriteOutcome> {
  const { backend, known, bases, written } = asked;
  const parts = await Promise.all(
    writes.map(async (part, at): Promise<Part> => {
      const signal = written[at]!;
      if (!("text" in part) || part.text !== null) await checkMember(signal);
      if ("changes" in part) {
        checkVersion(signal);
        return { signal, changes: part.changes.map(changeIn) };
      }
      return part.text === null ? { signal, isDeleted: true } : { signal, value: await valueOf(signal, part.text) };
    }),
  );
  // Whether the first attempt was made, somebody who may not read cannot know.
  if (await isHiddenIn(backend, bases)) throw unconfirmed();
  try {
    await commitTransaction(backend, { known: [...known, ...bases], parts });
    return { isConflict: false };
  } catch (error) {
    if (isKawaError(error, "UPDATE_CONFLICT")) return { isConflict: true };
    throw error;
  }
}

/** True where hooks refuse to show one of these. */
async function isHiddenIn(backend: Backend, bases: readonly Known[]): Promise<boolean> {
  if (bases.length === 0) return false;
  const reader = await backend.readerFor({ origin: "browser" });
  const rows = await Promise.all(bases.map(({ signal }) => readRow(reader, signal)));
  return rows.includes(undefined);
}

/** What the client may see of these, as much as one answer may have. */
async function rowsOf(backend: Backend, signals: readonly BackedSignal<unknown>[]): Promise<readonly ValueRow[]> {
  if (signals.length === 0) return [];
  const rowOf = await loadRows(await backend.readerFor({ origin: "browser" }), signals);
  let left: number = answerLimits.maxBytes;
  return signals.flatMap(({ key }) => {
    try {
      const row = rowOf(key);
      left -= key.length + (row[1]?.length ?? 0);
      return left >= 0 ? [row] : [];
    } catch (error) {
      if (!leaveOut(key, error)) throw error;
      return [];
    }
  });
}

async function isMade(
  { writes }: TransactionRequest,
  written: readonly BackedSignal<unknown>[],
  rows: readonly ValueRow[],
): Promise<boolean> {
  if (writes.length === 0 || rows.length < writes.length) return false;
  const seqs = new Set(rows.flatMap(([, text, seq]) => (text === null ? [] : [seq])));
  const isSame = await Promise.all(
    writes.map(async (part, at) => {
      if ("changes" in part) return false;
      return rows[at]![1] === (await textAfter(written[at]!, part));
    }),
  );
  return seqs.size === 1 && isSame.every(Boolean);
}
