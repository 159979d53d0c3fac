import type { Backend, Reader } from "../../core/backend/backend.ts";
import { isKawaError, KawaError } from "../../core/errors/errors.ts";
import { maxKeyBytes } from "../../core/backend/key.ts";
import { isQueryKey, maxQueryKeyLength } from "../../core/collections/query-key.ts";
import type { BackedSignal } from "../../core/signal.ts";
import { hiddenRow, type ValueRow } from "../../browser/value-protocol.ts";
import { toValueRow } from "../../browser/value-row.ts";
import type { AskingClient } from "../network/asking-client.ts";
import type { ExposedSignals } from "./exposed-signals.ts";
import { answerLimits } from "../limits/limits.ts";
import { ReadAnswer } from "./read-answer.ts";
import { turns } from "../limits/turns.ts";
import { askedQueries } from "./asked-queries.ts";

/**
 * The keys that a request names, each once.
 *
 * @throws {KawaError} REQUEST_INVALID - it names none, or too many
 */
export function namedKeys(request: Request): readonly string[] {
  const named = parseKeys(new URL(request.url).searchParams.get("keys"));
  const keys = Array.isArray(named) ? [...new Set<unknown>(named)] : [];
  if (
    keys.length === 0 ||
    keys.length > answerLimits.maxKeys ||
    !keys.every((key) => typeof key === "string" && key.length <= maxLengthOf(key))
  ) {
    throw new KawaError("REQUEST_INVALID", `A request for values must name 1 to ${answerLimits.maxKeys} keys.`);
  }
  return keys as string[];
}

/** The key of a query says what it asks for. */
export function maxLengthOf(key: string): number {
  return isQueryKey(key) ? maxQueryKeyLength : maxKeyBytes;
}

function parseKeys(text: string | null): unknown {
  try {
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

export type ReadOptions = {
  readonly signals: ExposedSignals;
  readonly client: AskingClient;
  /** Aborted when the client has gone: what is left is not read. */
  readonly signal?: AbortSignal;
};

/**
 * The rows of some keys as the client may see them, as many as fit into one answer.
 *
 * @throws {KawaError} RATE_LIMITED - the client asks for too many different queries
 */
export async function readValues(
  keys: readonly string[],
  { signals, client, signal: gone }: ReadOptions,
): Promise<ReadAnswer> {
  const answer = new ReadAnswer();
  const readers = new Map<Backend, Promise<Reader>>();
  const readerOf = (backend: Backend): Promise<Reader> => {
    if (!readers.has(backend)) {
      answer.noteVersion(backend.version);
      readers.set(backend, backend.readerFor({ origin: "browser" }));
    }
    return readers.get(backend)!;
  };
  const { keysAtOnce } = answerLimits;
  for (let at = 0; at < keys.length; at += keysAtOnce) {
    if (answer.isFull || gone?.aborted) {
      answer.later.push(...keys.slice(at));
      break;
    }
    // Reads of very many keys, or of very long values, take turns with other clients.
    if (keys.length > keysAtOnce) await turns().next(client.address);
    const found = keys.slice(at, at + keysAtOnce).map((key) => [key, signals.find(key, "read")] as const);
    for (const [key, signal] of found) if (signal && isQueryKey(key)) askedQueries().note(client, key);
    const byBackend = Map.groupBy(
      found.flatMap(([, signal]) => signal ?? []),
      ({ backend }) => backend,
    );
    const loads = Array.from(
      byBackend,
      async ([backend, some]) => [backend, await loadRows(await readerOf(backend), some)] as const,
    );
    const rowsOf = new Map(await Promise.all(loads));
    for (const [key, signal] of found) {
      if (!signal) answer.refused.push(key);
      else if (answer.isFull) answer.later.push(key);
      else {
        if (answer.isPieceFull) await turns().next(client.address);
        answer.add(key, () => rowsOf.get(signal.backend)!(key));
      }
    }
  }
  return answer;
}

/** @throws {KawaError} VALUE_UNREADABLE - what is stored is no value */
export type RowOf = (key: string) => ValueRow;

/** Loads signals of one backend. Returns a function that gives the row of each as the reader sees it. */
export async function loadRows(reader: Reader, signals: readonly BackedSignal<unknown>[]): Promise<RowOf> {
  const { backend } = signals[0]!;
  const isGuarded = isGuardedForBrowsers(backend);
  const refused = new Set<string>();
  const load = async (keys: readonly string[]): Promise<void> => {
    try {
      await reader.load(keys);
    } catch (error) {
      if (!isKawaError(error, "ACTION_REFUSED")) throw error;
      for (const key of keys) refused.add(key);
    }
  };
  const byKey = new Map(signals.map((signal) => [signal.key, signal]));
  const keys = [...byKey.keys()];
  // Where hooks decide, one key may be refused and the next one not.
  await Promise.all(isGuarded ? keys.map((key) => load([key])) : [load(keys)]);
  return (key) => {
    if (refused.has(key)) return hiddenRow(key);
    return toValueRow(byKey.get(key)!, reader.entry(key).peek(), { epoch: backend.version.epoch, isGuarded });
  };
}

export function isGuardedForBrowsers(backend: Backend): boolean {
  return backend.isGuardedForBrowsers ?? backend.isGuarded;
}

/**
 * What an identity sees of a signal; undefined when the actor refuses it.
 *
 * @throws {KawaError} VALUE_UNREADABLE - what is stored is no value
 */
export async function readRow(reader: Reader, signal: BackedSignal<unknown>): Promise<ValueRow | undefined> {
  try {
    await reader.load([signal.key]);
  } catch (error) {
    if (isKawaError(error, "ACTION_REFUSED")) return undefined;
    throw error;
  }
  return (await loadRows(reader, [signal]))(signal.key);
}
