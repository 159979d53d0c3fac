import type { OperationOptions, Updater } from "../../core/backend/backend.ts";
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
  | { readonly key: string; readonly updater: Updater; readonly ttlMs?: number | undefined }
  | { readonly key: string; readonly isRenewal: true }
  | { readonly clear: string };

export type QueuedWrite = {
  readonly change: KeyChange;
  /** Encoded identity of the writer, where hooks may ask for it. */
  readonly context: Promise<string | undefined>;
  readonly origin?: OperationOptions["origin"];
  /** The hook that writes. */
  readonly from?: FromHook | undefined;
  /** When the writer stops waiting, by the process clock. */
  readonly deadline: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};
