import type { OperationOptions, Updater, WriteOptions } from "../../core/backend/backend.ts";
import { type PresentEntry, textOf } from "../../core/backend/entry.ts";
import { type CommutingChange, encodeChange } from "../../core/value/commuting.ts";
import type { FromHook } from "../hooks/hook-chain.ts";

/**
 * A write of one key (`text: null` deletes it; with `expect` only over the value of that number), or the deletion of all keys that start
 * with `clear`.
 */
export type KeyChange =
  | {
      readonly key: string;
      readonly text: string | null;
      readonly expect?: number | undefined;
      readonly ttlMs?: number | undefined;
    }
  | {
      readonly key: string;
      readonly updater: Updater;
      readonly ttlMs?: number | undefined;
      readonly version?: number | undefined;
    }
  | KeyAlteration
  | { readonly key: string; readonly isRenewal: true }
  | { readonly clear: string };

/** A change that commutes, encoded, and the value that it starts from where there is none. */
export type KeyAlteration = {
  readonly key: string;
  readonly change: string;
  readonly initial: string;
  readonly expect?: number | undefined;
  readonly ttlMs?: number | undefined;
};

export type QueuedWrite = {
  readonly change: KeyChange;
  /** Encoded identity of the writer, where hooks may ask for it. */
  readonly context: Promise<string | undefined>;
  readonly origin?: OperationOptions["origin"];
  /** The hook that writes. */
  readonly from?: FromHook | undefined;
  /** When the writer stops waiting, by the process clock. */
  readonly deadline: number;
  /** How often it has lost against other writers. @default 0 */
  readonly losses?: number | undefined;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/** @throws {KawaError} VALUE_UNSERIALIZABLE, VALUE_TOO_LARGE, CHANGE_REFUSED - it can be no part of a value */
export function alterationOf(
  key: string,
  { change, initial, maxBytes, expect, ttlMs }: AlterationOptions,
): KeyAlteration {
  return { key, change: encodeChange(key, change, maxBytes), initial: textOf(key, initial)!, expect, ttlMs };
}

type AlterationOptions = WriteOptions & {
  readonly change: CommutingChange;
  readonly initial: PresentEntry;
  readonly maxBytes: number | undefined;
};
