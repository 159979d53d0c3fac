import type { CommutingChange } from "../value/commuting.ts";
import type { Entry } from "./backend.ts";
import type { PresentEntry } from "./entry.ts";

/** A write of a transaction: a value, the end of a value, or changes of what the key holds then. Each key is written once. */
export type TransactionWrite =
  | {
      readonly key: string;
      readonly value: unknown;
      readonly ttlMs?: number | undefined;
      readonly version?: number | undefined;
      /** Written only over the value of this number; 0 stands for no value. */
      readonly expect?: number | undefined;
    }
  | { readonly key: string; readonly isDeleted: true }
  | {
      readonly key: string;
      readonly changes: readonly CommutingChange[];
      readonly initial: PresentEntry;
      readonly ttlMs?: number | undefined;
    };

/** Reads a key for a transaction; all that it reads is of one version. */
export type TransactionRead = (key: string) => Promise<Entry> | Entry;

/** Runs a transaction once. It may run more than once. */
export type Attempt = (read: TransactionRead) => Promise<readonly TransactionWrite[]>;

/** Most keys that one transaction reads and writes. */
export const maxTransactionKeys = 1_000;
