import { clip, isKawaError, KawaError } from "../../core/errors/errors.ts";
import type { Backend } from "../../core/backend/backend.ts";
import { createPresentEntry } from "../../core/backend/entry.ts";
import { checkExpected, expectedSeq } from "../../core/backend/expected.ts";
import { processState } from "../../core/process/process-state.ts";
import type { BackedSignal } from "../../core/signal.ts";
import { applyChange, type CommutingChange } from "../../core/value/commuting.ts";
import { WriteOrder } from "../../rivetkit/replica/write-order.ts";
import { checkMember } from "./check-member.ts";
import { checkValue } from "./check-value.ts";
import { isGuardedForBrowsers, readRow } from "./read-values.ts";

/** How often a result is checked anew because other writers were faster. */
const maxTries = 20;

/** Changes of this process of each key that are compared, one after the other. */
const orders = processState("checked-changes", () => new WeakMap<Backend, WriteOrder>());

/**
 * Makes a change that a browser asks for. Resolves with the number that an increment has made. Where hooks decide about reads, that is made of
 * what the browser may see: the number, and which bounds it keeps, would tell of a hidden one.
 *
 * @throws {KawaError} VALUE_INVALID - the signal's schema refuses the result
 * @throws {KawaError} CHANGE_REFUSED, UPDATE_CONFLICT and those of a backend
 */
export async function changeValue(
  signal: BackedSignal<unknown>,
  change: CommutingChange,
  expect: number | undefined,
): Promise<unknown> {
  const { backend, key, ttlMs } = signal;
  await checkMember(signal);
  const reader = await backend.readerFor({ origin: "browser" });
  const isGuarded = isGuardedForBrowsers(backend);
  if (signal.shape || (isGuarded && "increment" in change))
    return orderOf(backend).add(key, () => changeChecked(signal, change, expect));
  const initial = createPresentEntry(0, signal.initialText);
  try {
    return await backend.change(key, change, initial, { origin: "browser", expect, ttlMs });
  } catch (error) {
    const tells = isKawaError(error, "CHANGE_REFUSED") || isKawaError(error, "VALUE_TOO_LARGE");
    if (!isGuarded || !tells || (await readRow(reader, signal))?.[1]) throw error;
    throw new KawaError("ACTION_REFUSED", `"${clip(key)}" is hidden, so its changes are refused without a reason.`);
  }
}

/** The schema is here, and the newest value in the actor: so the result is compared there. */
async function changeChecked(
  signal: BackedSignal<unknown>,
  change: CommutingChange,
  expect: number | undefined,
): Promise<unknown> {
  const { backend, key, ttlMs, shape } = signal;
  for (let tries = 1; ; tries += 1) {
    const reader = await backend.readerFor({ origin: "browser" });
    await reader.load([key]);
    const entry = reader.entry(key).peek();
    checkExpected(key, entry, expect);
    const made = await checkValue(signal, applyChange(key, signal.valueIn(entry), change));
    try {
      await backend.set(key, made, {
        origin: "browser",
        expect: expectedSeq(entry),
        ttlMs,
        version: shape?.version,
      });
      return "increment" in change ? made : undefined;
    } catch (error) {
      if (!isKawaError(error, "UPDATE_CONFLICT") || expect !== undefined || tries === maxTries) throw error;
    }
  }
}

function orderOf(backend: Backend): WriteOrder {
  let order = orders.get(backend);
  if (!order) orders.set(backend, (order = new WriteOrder()));
  return order;
}
