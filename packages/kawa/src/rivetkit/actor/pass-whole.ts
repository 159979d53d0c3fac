import type { KawaError } from "../../core/errors/errors.ts";
import { applyChanges, isOfVersion, refusalIn } from "../store/apply-changes.ts";
import type { SignalStore, Written } from "../store/signal-store.ts";
import { deferred } from "../wire/deferred.ts";
import type { Changes, Check, Requests, Write } from "../wire/protocol.ts";
import { fromReplyError } from "../wire/refusal.ts";
import type { HookedWritesOptions, Passed } from "./hooked-writes.ts";

export type PassWholeOptions = Pick<HookedWritesOptions, "store" | "commit"> & {
  readonly maxValueBytes: number;
  /** Passes one write through its hooks. */
  readonly pass: (write: Write, commitOne: (given: Write) => Promise<Written>) => Promise<Passed>;
};

/**
 * Passes a transaction through the hooks write by write, and commits it. The `next` of each hook ends when all of it is committed, or fails
 * with the first refusal. A hook that does not call `next` leaves its write out. Where something that it was made of has changed meanwhile, it
 * is in conflict, whatever is refused: the next run may write something else.
 */
export async function passWhole(
  body: Requests["write"],
  { store, commit, maxValueBytes, pass }: PassWholeOptions,
): Promise<Written> {
  const { client, number, settled, losses } = body;
  const checks: Check[] = [...(body.checks ?? [])];
  const writes: Write[] = [];
  const all = deferred<Written>();
  const passing: Promise<Passed>[] = [];
  let isPassed = false;
  try {
    for (const write of body.writes) {
      const { one, refused } =
        "changes" in write ? await computed(write, { store, maxValueBytes, checks }) : { one: write };
      const arrived = deferred<void>();
      const passed = pass(one, (given) => {
        if (refused) return Promise.reject(refused);
        writes.push(given);
        arrived.resolve();
        return all.promise;
      });
      passing.push(passed);
      await Promise.race([arrived.promise, passed]);
    }
    isPassed = true;
    const written = await commit({ client, number, settled, writes, checks, isWhole: true, losses });
    all.resolve(written);
    await Promise.all(passing);
    return written;
  } catch (error) {
    const lost = isPassed ? undefined : await conflictIn(checks, store).catch(() => undefined);
    if (lost) all.resolve(lost);
    else all.reject(error);
    await Promise.allSettled(passing);
    if (lost) return lost;
    throw error;
  }
}

/** What is told of a batch while one of its checks does not hold; undefined where all of them do. */
async function conflictIn(checks: readonly Check[], store: SignalStore): Promise<Written | undefined> {
  await store.prepare(checks.map(([key]) => key));
  const conflicts = checks.flatMap(([key, expect]) => {
    const { text, seq } = store.get(key);
    return expect === seq || (expect === 0 && text === null) ? [] : [key];
  });
  return conflicts.length === 0 ? undefined : { ...store.position, conflicts, rows: [] };
}

type Computing = { readonly store: SignalStore; readonly maxValueBytes: number; readonly checks: Check[] };
type Computed = { readonly one: Write; readonly refused?: KawaError };

/**
 * What changes make of the present value, which has to be the same when they are committed. Of one that is refused it is the value as it stays:
 * the hooks decide first whether the caller may hear why.
 */
async function computed(
  { key, changes, initial, ttlMs }: Changes,
  { store, maxValueBytes, checks }: Computing,
): Promise<Computed> {
  const prepared = store.prepare([key]);
  if (prepared) await prepared;
  const { text: before, seq } = store.get(key);
  const { text, results } = applyChanges({ key, before, initial, changes, maxBytes: maxValueBytes });
  const life = ttlMs === undefined ? {} : { ttlMs };
  const refusal = refusalIn(results);
  if (refusal && isOfVersion(refusal)) throw fromReplyError(refusal);
  if (refusal) return { one: { key, text: before ?? initial, ...life }, refused: fromReplyError(refusal) };
  checks.push([key, before === null ? 0 : seq]);
  return { one: { key, text: text!, ...life } };
}
