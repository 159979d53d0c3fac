import type { Entry } from "../core/backend/backend.ts";
import { textOf } from "../core/backend/entry.ts";
import { hiddenRow, type ValueRow } from "./value-protocol.ts";

export type RowOptions = {
  readonly epoch: string;
  /** True where hooks decide who may read the key. */
  readonly isGuarded: boolean;
};

/**
 * The row of a key as a server sends it to a browser.
 *
 * @throws {KawaError} VALUE_UNREADABLE - what is stored is no value
 */
export function toValueRow(key: string, entry: Entry, { epoch, isGuarded }: RowOptions): ValueRow {
  if (isGuarded && entry.state !== "present") return hiddenRow(key);
  return [key, textOf(key, entry), entry.seq, epoch];
}
