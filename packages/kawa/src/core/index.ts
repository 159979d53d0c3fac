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
export { computed } from "./computed.ts";
export { effect } from "./effect.ts";
export { type EphemeralFamily, type GroupParam, memberIdsOf, membersOf } from "./ephemeral-family.ts";
export type { EphemeralFamilyOptions, SignalOptions } from "./exposure.ts";
export { isKawaError, KawaError, type KawaErrorCode, type KawaErrorOptions, publicMessage } from "./errors/errors.ts";
export { createMemoryBackend } from "./memory/memory-backend.ts";
export { type FamilyMember, namespace, type Namespace, type NamespaceOptions, root, signal } from "./namespace.ts";
export { batch } from "./process/reactive.ts";
export type { ReactiveStream, StreamCleanup, StreamStart } from "./streams/reactive-stream.ts";
export type { Readable } from "./backend/reads.ts";
export { isSignal, type Signal } from "./signal.ts";
export type { StandardIssue, StandardResult, StandardSchema } from "./standard-schema.ts";
