import type { Backend, Reader } from "../core/backend.ts";
import { textOf } from "../core/entry.ts";
import { isKawaError, KawaError } from "../core/errors.ts";
import { maxKeyBytes } from "../core/key.ts";
import { leaveOut } from "../core/unreadable.ts";
import type { BackedSignal } from "../core/signal.ts";
import { hiddenRow, type ReadReply, type ValueRow } from "../core/value-row.ts";
import type { ExposedSignals } from "./exposed-signals.ts";

/** Most keys of one request. */
const maxKeys = 200;

/**
 * What whoever sent the request may see of the keys that it names.
 *
 * @throws {KawaError} REQUEST_INVALID - it names none, or too many
 */
export async function readValues(request: Request, signals: ExposedSignals): Promise<ReadReply> {
  const keys = new Set(new URL(request.url).searchParams.getAll("key"));
  if (keys.size === 0 || keys.size > maxKeys || [...keys].some((key) => key.length > maxKeyBytes)) {
    throw new KawaError("REQUEST_INVALID", `A request for values names 1 to ${maxKeys} keys.`);
  }
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
  const found = await Promise.all([...keys].map(async (key) => [key, await read(key)] as const));
  return {
    rows: found.flatMap(([, row]) => (row ? [row] : [])),
    refused: found.flatMap(([key, row]) => (row || unreadable.includes(key) ? [] : [key])),
    ...(unreadable.length === 0 ? {} : { unreadable }),
  };
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
  if (backend.isGuarded && entry.state !== "present") return hiddenRow(key);
  return [key, textOf(key, entry), entry.seq, backend.version.epoch];
}
