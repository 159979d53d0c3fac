import type { Backend, Reader } from "../core/backend.ts";
import { textOf } from "../core/entry.ts";
import { isKawaError, KawaError } from "../core/errors.ts";
import { maxKeyBytes } from "../core/key.ts";
import { leaveOut } from "../core/unreadable.ts";
import type { BackedSignal } from "../core/signal.ts";
import { hiddenRow, type ReadReply, type ValueRow } from "../core/value-row.ts";
import type { ExposedSignals } from "./exposed-signals.ts";
import { answerLimits } from "./limits.ts";
import { turns } from "./turns.ts";

/**
 * The keys that a request names, each once.
 *
 * @throws {KawaError} REQUEST_INVALID - it names none, or too many
 */
export function namedKeys(request: Request): readonly string[] {
  const keys = [...new Set(new URL(request.url).searchParams.getAll("key"))];
  if (keys.length === 0 || keys.length > answerLimits.maxKeys || keys.some((key) => key.length > maxKeyBytes)) {
    throw new KawaError("REQUEST_INVALID", `A request for values names 1 to ${answerLimits.maxKeys} keys.`);
  }
  return keys;
}

/** What whoever asks may see of some keys, as far as it fits into one answer. */
export async function readValues(keys: readonly string[], signals: ExposedSignals): Promise<ReadReply> {
  const readers = new Map<Backend, Promise<Reader>>();
  const unreadable: string[] = [];
  const read = async (key: string): Promise<ValueRow | undefined> => {
    const signal = signals.find(key, "read");
    if (!signal) return undefined;
    const { backend } = signal;
    if (!readers.has(backend)) readers.set(backend, backend.readerFor({ origin: "browser" }));
    try {
      return (await readRow(await readers.get(backend)!, signal)) ?? hiddenRow(key);
    } catch (error) {
      if (!leaveOut(key, error)) throw error;
      unreadable.push(key);
      return undefined;
    }
  };
  const rows: ValueRow[] = [];
  const refused: string[] = [];
  const later: string[] = [];
  let left = answerLimits.maxBytes;
  for (let at = 0; at < keys.length; at += answerLimits.keysAtOnce) {
    if (left <= 0) {
      later.push(...keys.slice(at));
      break;
    }
    // Very many keys at once hold up nobody.
    if (at > 0) await turns().next();
    const some = keys.slice(at, at + answerLimits.keysAtOnce);
    const found = await Promise.all(some.map(read));
    for (const [index, row] of found.entries()) {
      const key = some[index]!;
      const length = key.length + (row?.[1]?.length ?? 0);
      // One value fits always.
      if (length > left && rows.length > 0) later.push(key);
      else {
        if (row) rows.push(row);
        else if (!unreadable.includes(key)) refused.push(key);
        left -= length;
      }
    }
  }
  return { rows, refused, ...(unreadable.length > 0 && { unreadable }), ...(later.length > 0 && { later }) };
}

/**
 * What an identity sees of a signal; undefined when the actor refuses it.
 *
 * @throws {KawaError} VALUE_UNREADABLE - what is stored is no value
 */
export async function readRow(reader: Reader, { backend, key }: BackedSignal<unknown>): Promise<ValueRow | undefined> {
  try {
    await reader.load([key]);
  } catch (error) {
    if (isKawaError(error, "ACTION_REFUSED")) return undefined;
    throw error;
  }
  const entry = reader.entry(key).peek();
  if ((backend.isGuardedForBrowsers ?? backend.isGuarded) && entry.state !== "present") return hiddenRow(key);
  return [key, textOf(key, entry), entry.seq, backend.version.epoch];
}
