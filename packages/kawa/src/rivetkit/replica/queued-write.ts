import type { OperationOptions, Updater } from "../../core/backend/backend.ts";
import type { FromHook } from "../hooks/hook-chain.ts";

/**
 * What becomes of a key (`text: null` deletes it; with `expect` only the value of that number), or of all keys that start with
 * `clear`.
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
  /** Time of the process clock after which nobody waits any more. */
  readonly deadline: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};
