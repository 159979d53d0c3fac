import type { DeleteOptions, OperationOptions, UpdateOptions, WriteOptions } from "./operation-options.ts";
import type { Attempt } from "./transacting.ts";
import { processState } from "../process/process-state.ts";
import { cell, type Cell, type ReadonlyCell } from "../process/reactive.ts";
import type { CommutingChange } from "../value/commuting.ts";
import type { Version } from "../value/version.ts";
import type { PresentEntry } from "./entry.ts";

export type { Context, DeleteOptions, OperationOptions, UpdateOptions, WriteOptions } from "./operation-options.ts";

/** What a backend knows of one key. `unknown` means that the key was not loaded yet; `absent` that it has no value. */
export type Entry =
  | { readonly state: "unknown"; readonly seq: 0 }
  | { readonly state: "absent"; readonly seq: number }
  | {
      readonly state: "present";
      readonly seq: number;
      readonly value: unknown;
      /** Which version of the signal's definition the value is of. @default 1 */
      readonly version?: number;
    };

export const unknownEntry: Entry = { state: "unknown", seq: 0 };

/**
 * Keys that changed together, with the version that the backend has reached. They need not be loaded here. An empty list
 * says that the backend has another history than before.
 */
export type Change = { readonly keys: readonly string[]; readonly version: Version };

/** Turns the current entry of a key into its next value. It may run again when another writer was faster. */
export type Updater = (current: Entry) => unknown;

/** Values as one identity may see them. */
export interface Reader {
  /** Live entry of a key, without loading it. */
  entry(key: string): ReadonlyCell<Entry>;
  /** Resolves when the entries of all `keys` are known; at once when they are already. */
  load(keys: readonly string[]): Promise<void>;
}

/**
 * Values as they were at one version, whatever is written meanwhile. A cell that it returns shows that value only now: read the cell at
 * once, and ask for it again later.
 */
export interface Snapshot extends Reader {
  readonly version: Version;
  /** What a cell of {@link entry} shows now, without making a cell. */
  peek(key: string): Entry;
  /**
   * False once it has shown a value that may be newer than its version: the actor had forgotten the old value, the backend has another
   * history, or the snapshot was released.
   */
  readonly isConsistent: boolean;
  /** The encoded identity that hooks were asked about; empty for an anonymous caller. Undefined where everybody sees the same. */
  readonly identity?: string | undefined;
  /** Call it after the last read: until then every value that is overwritten is kept for the snapshot. Idempotent. */
  release(): void;
}

/** Which server produces the values of an inline stream. The values themselves are kept under {@link streamKey}. */
export interface StreamRegistry {
  /**
   * Says which streams this server shows, all of them in one call. The server says so again every `streamRenewMs` (`core/streams`).
   * Resolves with those whose values it has to produce.
   */
  register(scopes: readonly string[]): Promise<ReadonlySet<string>>;
  /** A stream that no server shows any more loses its value. */
  unregister(scopes: readonly string[]): Promise<void>;
}

/** What signals need of a backend: all that there is in a browser, which asks for no lists, versions or snapshots. */
export interface SignalBackend extends Reader {
  /** Unique in the process and the same on every server, such as `reactiveState/global`. */
  readonly id: string;
  /** What one identity may see. It is the backend itself where that makes no difference. */
  readerFor(options?: OperationOptions): Promise<Reader>;
  /**
   * Resolves when the value is durable. Writes of one process to one key keep their order.
   *
   * @throws {KawaError} UPDATE_CONFLICT - the value has not the number that `expect` says; nothing was written
   * @throws {KawaError} RENDER_WRITE - a page is being rendered, in development; in production that is a warning. `update`, `delete` and
   * `clear` throw it as well
   */
  set(key: string, value: unknown, options?: WriteOptions): Promise<void>;
  /** Atomic across servers. Resolves with the value that was written, when it is durable. */
  update(key: string, updater: Updater, options?: UpdateOptions): Promise<unknown>;
  /**
   * Applies a change to whatever the value is then, or to `initial` where there is none. Resolves when that is durable: an increment with
   * the number that it has made, other changes with nothing.
   *
   * @throws {KawaError} CHANGE_REFUSED - the value is not of the kind that the change is for, or the result is out of its bounds
   * @throws {KawaError} UPDATE_CONFLICT - the value has not the number that `expect` says, or is of an earlier version than `initial`; nothing
   * was changed
   * @throws {KawaError} VALUE_TOO_NEW - the value is of a later version than `initial`
   */
  change(key: string, change: CommutingChange, initial: PresentEntry, options?: WriteOptions): Promise<unknown>;
  /**
   * Resolves when it is durable that the key has no value.
   *
   * @throws {KawaError} UPDATE_CONFLICT - the value has not the number that `expect` says; nothing was deleted
   */
  delete(key: string, options?: DeleteOptions): Promise<void>;
}

/** What namespaces need of a backend. */
export interface KeyLists {
  /** Keys with a value that start with `prefix`, in order. */
  keys(prefix: string, options?: OperationOptions): Promise<readonly string[]>;
  /** As {@link keys}, with their values. */
  entries(prefix: string, options?: OperationOptions): Promise<ReadonlyMap<string, unknown>>;
  /**
   * Deletes every key that starts with `prefix`, in one commit. Where an earlier write of this process still waits for its hook, its key is
   * deleted when that write has ended. Resolves when all of it is durable.
   */
  clear(prefix: string, options?: OperationOptions): Promise<void>;
}

/** What renders need of a backend. */
interface SnapshotSource {
  readonly version: Version;
  /**
   * True where hooks decide what each identity may read. Then `entry` and `load` show what an anonymous caller may see, and
   * {@link SignalBackend.readerFor} what an identity may. Known once the backend is connected.
   */
  readonly isGuarded: boolean;
  /**
   * Pins the version of this moment. Undefined before the backend is connected, and where hooks decide about reads: then wait
   * for {@link snapshotFor}.
   */
  openSnapshot(): Snapshot | undefined;
  /** As {@link SignalBackend.readerFor}, pinned to the version that the backend has when it is connected. */
  snapshotFor(options?: OperationOptions): Promise<Snapshot>;
}

/** Writes that belong together. */
interface Transactions {
  /**
   * Commits what an attempt wants to write, all of it or nothing, if everything that it has read still is as it was; else tries again.
   * Resolves when that is durable.
   *
   * @throws {KawaError} CHANGE_REFUSED, ACTION_REFUSED - one of its writes was refused, so none was made
   * @throws {KawaError} UPDATE_CONFLICT - other writers were faster for too long
   */
  transact(attempt: Attempt, options?: OperationOptions): Promise<void>;
}

/** Where a server keeps the values of its signals. Every backend passes the same contract suite. */
export interface Backend extends SignalBackend, KeyLists, SnapshotSource, Transactions {
  readonly status: BackendStatus;
  /** True while this process may not hear of what others write: it is not connected any more, or nothing answers. @default false */
  readonly isCut?: boolean;
  /** How long ago what this process knows was current, in milliseconds; infinite before it ever was. @default 0 */
  readonly ageMs?: number;
  /** As {@link isGuarded}, for what browsers ask: also true where hooks decide about lists alone. @default isGuarded */
  readonly isGuardedForBrowsers?: boolean;
  readonly streams: StreamRegistry;
  /** Of a backend that is spread over shards: the one that has a key. It is a backend by itself, and known as one. */
  shardOf?(key: string): Backend;
  /** Of a shard: the backend that it is a part of. */
  readonly partOf?: Backend | undefined;
  /** Whether the {@link Snapshot.identity} of a snapshot sees a value of a key now. @throws {KawaError} as {@link Reader.load} */
  seesValue?(key: string, identity: string): Promise<boolean>;
  /** Renews an ephemeral value, so that it lives for another `ttlMs`; that is no change. Resolves with false when there is none. */
  renew(key: string, options?: OperationOptions): Promise<boolean>;
  /**
   * Calls `listener` after every change that the process learns of; returns an idempotent unsubscribe. A passive listener is no reason to
   * stay connected where nothing else needs the backend.
   */
  onChange(listener: (change: Change) => void, options?: { readonly isPassive?: boolean }): () => void;
  /** Releases timers and connections. Pending writes reject. */
  close(): Promise<void>;
}

/** Whether a backend has reached its actor. One that keeps its values in memory is always connected. */
export type BackendStatus = "idle" | "connecting" | "connected" | "closed";

/** `backend` is undefined when none has this id any more. */
type BackendListener = (id: string, backend: Backend | undefined) => void;

type Backends = {
  readonly global: Cell<Backend | undefined>;
  readonly known: Map<string, Backend>;
  readonly listeners: Set<BackendListener>;
  /** The value of `global`, for the reads of signals: reading the cell costs more. */
  globalNow: Backend | undefined;
};

const backends = processState<Backends>("backends", () => ({
  global: cell<Backend | undefined>(undefined),
  known: new Map(),
  listeners: new Set(),
  globalNow: undefined,
}));

/** Backend of namespaces that name none, as soon as there is one. Tracked: effects rerun when it appears. */
export const globalBackend: ReadonlyCell<Backend | undefined> = backends.global;

/** As {@link globalBackend}, untracked. */
export function globalBackendNow(): Backend | undefined {
  return backends.globalNow;
}

function setGlobal(backend: Backend | undefined): void {
  backends.globalNow = backend;
  backends.global.value = backend;
}

/**
 * A process with no more backends than these connects all of them as soon as there is a reason to look at one that is not known. Where
 * there are more, each may be that of a customer, and its actor would start although nobody looks at it.
 */
export const fewBackends = 100;

/** Every backend of this process by id, at this moment. */
export function knownBackends(): ReadonlyMap<string, Backend> {
  return backends.known;
}

/**
 * Calls `listener` with each backend that is registered or unregistered from now on: there may be thousands, so nobody looks at all of them
 * because of one. Returns an idempotent unsubscribe.
 */
export function onKnownBackend(listener: BackendListener): () => void {
  backends.listeners.add(listener);
  return () => void backends.listeners.delete(listener);
}

export function registerBackend(backend: Backend, options: { global: boolean }): void {
  if (!backend.shardOf && backends.known.get(backend.id) !== backend) {
    backends.known.set(backend.id, backend);
    for (const listener of [...backends.listeners]) listener(backend.id, backend);
  }
  if (options.global) setGlobal(backend);
}

export function unregisterBackend(backend: Backend): void {
  if (backends.known.get(backend.id) === backend) {
    backends.known.delete(backend.id);
    for (const listener of [...backends.listeners]) listener(backend.id, undefined);
  }
  if (backends.globalNow === backend) setGlobal(undefined);
}
