import type { Replies, Row } from "../wire/protocol.ts";

/** Outcome of a batch. `rows` are what it wrote; one that a later batch of the commit replaced has a lower number. */
export type Written = Replies["write"] & { readonly rows: readonly Row[] };

/**
 * @param shards into how many the backend is divided of which the store is a part; 1 by default
 * @param maxValueBytes of the result of a change; as values have by default
 */
export type SignalStoreOptions = {
  readonly maxDeletedKeys?: number;
  readonly shards?: number;
  readonly maxValueBytes?: number;
};
