export type { Backend, BackendStatus, Change, Entry, Updater } from "./backend.ts";
export { computed } from "./computed.ts";
export { effect } from "./effect.ts";
export { isKawaError, KawaError, type KawaErrorCode, type KawaErrorOptions } from "./errors.ts";
export { createMemoryBackend } from "./memory-backend.ts";
export { type FamilyMember, namespace, type Namespace, type NamespaceOptions, root, signal } from "./namespace.ts";
export { batch, untracked } from "./reactive.ts";
export type { Readable } from "./reads.ts";
export { isSignal, type Signal } from "./signal.ts";
