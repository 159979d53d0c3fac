import type { Backend, Entry, Reader } from "../../core/backend/backend.ts";
import { createPresentEntry } from "../../core/backend/entry.ts";
import { changedError, expectedSeq } from "../../core/backend/expected.ts";
import type { TransactionRead, TransactionWrite } from "../../core/backend/transacting.ts";
import { clip, isKawaError, KawaError } from "../../core/errors/errors.ts";
import type { BackedSignal } from "../../core/signal.ts";
import { applyChange, type CommutingChange } from "../../core/value/commuting.ts";
import { checkValue } from "./check-value.ts";
import { isGuardedForBrowsers, readRow } from "./read-values.ts";

/** What a browser knows of a key: the number of its value, or 0. */
export type Known = { readonly signal: BackedSignal<unknown>; readonly seq: number; readonly epoch: string };

/** A write of a browser's transaction, checked by its schema unless it is made of the value of before. */
export type Part = { readonly signal: BackedSignal<unknown> } & (
  | { readonly value: unknown }
  | { readonly isDeleted: true }
  | { readonly changes: readonly CommutingChange[] }
);

type Checked = { readonly known: readonly Known[]; readonly parts: readonly Part[] };

/** How often the actor may have something else than this server has compared. */
const maxTries = 20;
/** The same where it may be that a hidden value is there: from the next time on, others would wait for this transaction. */
const maxHiddenTries = 3;

/**
 * Commits a transaction of a browser while what it knows is what it may see.
 *
 * @throws {KawaError} UPDATE_CONFLICT - it is not
 * @throws {KawaError} ACTION_REFUSED - it may not see what it has read, or a hook refuses one of its writes
 */
export async function commitTransaction(backend: Backend, { known, parts }: Checked): Promise<void> {
  await backend.load([]);
  const isGuarded = isGuardedForBrowsers(backend);
  const isComputed = ({ signal, ...part }: Part): boolean =>
    "changes" in part &&
    (signal.shape !== undefined || (isGuarded && part.changes.some((change) => "increment" in change)));
  let tries = 0;
  let mayBeHidden = false;
  const attempt = async (read: TransactionRead): Promise<TransactionWrite[]> => {
    tries += 1;
    if (tries > (mayBeHidden ? maxHiddenTries : maxTries)) throw changedError((known[0] ?? parts[0])!.signal.key);
    const used = [...known, ...parts.filter(isComputed)].map(({ signal }) => signal);
    const own = new Map<string, Entry>();
    // oxlint-disable-next-line no-await-in-loop -- in memory it is known at once, and a promise of its own would wait for a turn
    for (const { key } of used) own.set(key, await read(key));
    const reader = isGuarded && used.length > 0 ? await visitorOf(backend, used) : undefined;
    const seen = (key: string): Entry => reader?.entry(key).peek() ?? own.get(key)!;
    for (const { signal, seq, epoch } of known) {
      const { key } = signal;
      const isOther = seq > 0 && (epoch !== backend.version.epoch || own.get(key)!.seq !== seq);
      if (isOther || expectedSeq(seen(key)) !== seq) throw changedError(key);
    }
    mayBeHidden = used.some(({ key }) => seen(key).state === "absent" && own.get(key)!.seq > 0);
    return Promise.all(parts.map((part) => (isComputed(part) ? computed(part, seen(part.signal.key)) : writeOf(part))));
  };
  try {
    await backend.transact(attempt, { origin: "browser" });
  } catch (error) {
    const tells = isKawaError(error, "CHANGE_REFUSED") || isKawaError(error, "VALUE_TOO_LARGE");
    const hidden = isGuarded && tells ? await hiddenIn(backend, parts) : undefined;
    if (hidden === undefined) throw error;
    throw new KawaError("ACTION_REFUSED", `"${clip(hidden)}" is hidden, so its changes are refused without a reason.`);
  }
}

/** Hooks decide what a browser may compare. What it may not see is refused, whatever it is. */
async function visitorOf(backend: Backend, signals: readonly BackedSignal<unknown>[]): Promise<Reader> {
  const reader = await backend.readerFor({ origin: "browser" });
  await Promise.all(signals.map(({ key }) => reader.load([key])));
  return reader;
}

/** Made here, where the schema is, and of what the browser may see: its bounds would tell of a hidden number. */
async function computed(part: Part, before: Entry): Promise<TransactionWrite> {
  const { signal, changes } = part as Extract<Part, { changes: unknown }>;
  const { key, ttlMs, shape } = signal;
  const made = changes.reduce((value, change) => applyChange(key, value, change), signal.valueIn(before));
  return { key, value: await checkValue(signal, made), ttlMs, version: shape?.version, expect: expectedSeq(before) };
}

function writeOf(part: Part): TransactionWrite {
  const { key, ttlMs, initialText, shape } = part.signal;
  if ("isDeleted" in part) return { key, isDeleted: true };
  if ("value" in part) return { key, value: part.value, ttlMs, version: shape?.version };
  return { key, changes: part.changes, initial: createPresentEntry(0, initialText), ttlMs };
}

/** A key that is changed and that the browser sees nothing of. */
async function hiddenIn(backend: Backend, parts: readonly Part[]): Promise<string | undefined> {
  const reader = await backend.readerFor({ origin: "browser" });
  for (const { signal, ...part } of parts) {
    // oxlint-disable-next-line no-await-in-loop -- the first one counts
    if ("changes" in part && !(await readRow(reader, signal))?.[1]) return signal.key;
  }
  return undefined;
}
