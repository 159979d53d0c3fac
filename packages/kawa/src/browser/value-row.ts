import type { Entry } from "../core/backend/backend.ts";
import { shownText, type Shaped } from "../core/fit-value.ts";
import { hiddenRow, type ValueRow } from "./value-protocol.ts";

export type RowOptions = {
  readonly epoch: string;
  /** True where hooks decide who may read the key. */
  readonly isGuarded: boolean;
};

/**
 * The row of a signal as a server sends it to a browser: migrated, since the definition may leave out what an earlier one has stored.
 *
 * @throws {KawaError} VALUE_UNREADABLE - what is stored is no value
 */
export function toValueRow(signal: Shaped, entry: Entry, { epoch, isGuarded }: RowOptions): ValueRow {
  if (isGuarded && entry.state !== "present") return hiddenRow(signal.key);
  return [signal.key, shownText(signal, entry), entry.seq, epoch];
}
