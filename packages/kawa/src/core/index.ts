export { untracked } from "#platform";
export type {
  Backend,
  BackendStatus,
  Change,
  Context,
  Entry,
  OperationOptions,
  Reader,
  Updater,
} from "./backend/backend.ts";
export { collection, type Collection, type CollectionOptions, type QueryOptions } from "./collection.ts";
export { computed } from "./computed.ts";
export { effect } from "./effect.ts";
export { type EphemeralFamily, type GroupParam, memberIdsOf, membersOf } from "./ephemeral-family.ts";
export type { EphemeralFamilyOptions, SignalOptions } from "./exposure.ts";
export { isKawaError, KawaError, type KawaErrorCode, type KawaErrorOptions, publicMessage } from "./errors/errors.ts";
export { createMemoryBackend } from "./memory/memory-backend.ts";
export { type FamilyMember, namespace, type Namespace, type NamespaceOptions, root, signal } from "./namespace.ts";
export { batch } from "./process/reactive.ts";
export type { ReactiveStream, StreamCleanup, StreamStart } from "./streams/reactive-stream.ts";
export type { InvalidRow, LiveValue, Query, Row } from "./query.ts";
export type { Range, Where } from "./query-range.ts";
export type { Readable } from "./backend/reads.ts";
export { isSignal, type Signal } from "./signal.ts";
export type { AnyValueSignal, ChangesOf, ListChanges, NumberChanges, ObjectChanges } from "./signal-api.ts";
export type { Bounds } from "./value/commuting.ts";
export { transaction } from "./transaction.ts";
export type { ItemOf, Transaction } from "./transaction-api.ts";
export type { StandardIssue, StandardResult, StandardSchema } from "./standard-schema.ts";
