import { valueNow, writtenTo } from "#written";
import {
  type Backend,
  type Change,
  type Entry,
  registerBackend,
  unknownEntry,
  type WriteOptions,
} from "../backend/backend.ts";
import { createPresentEntry, type PresentEntry } from "../backend/entry.ts";
import { clip, KawaError } from "../errors/errors.ts";
import { changeable, checkExpected } from "../backend/expected.ts";
import { isUnder, streamKey } from "../backend/key.ts";
import { entriesOf, type MadeWrite, transactInMemory } from "./memory-transactions.ts";
import { memberOf } from "../backend/members.ts";
import { type HeldBounds, HeldCells } from "../backend/held-cells.ts";
import { notify, reportErrors } from "../backend/notify.ts";
import type { ReadAt } from "../backend/pinned-snapshot.ts";
import { processState } from "../process/process-state.ts";
import { batch, cell, type ReadonlyCell } from "../process/reactive.ts";
import { definedFor } from "../collections/known-collections.ts";
import { isQueryKey } from "../collections/query-key.ts";
import { addLists } from "./changed-lists.ts";
import { MemoryCollections } from "./memory-collections.ts";
import { Snapshots } from "../backend/snapshots.ts";
import { inTurn } from "../process/turn-budget.ts";
import { applyChange, encodeChange, kindOf } from "../value/commuting.ts";
import { encodeValue } from "../value/value.ts";
import type { Version } from "../value/version.ts";

/** Values are nowhere else, so only keys without a value are forgotten. */
const bounds: Partial<HeldBounds> = { valueCount: Number.POSITIVE_INFINITY, valueSize: Number.POSITIVE_INFINITY };

/**
 * Keeps values in this process only: for tests, and for signals that live before a durable backend exists. It has no
 * hooks: who acts makes no difference.
 *
 * @example
 * const scratch = namespace("scratch", { backend: createMemoryBackend("scratch") });
 */
export function createMemoryBackend(id: string): Backend {
  const epoch = Math.random().toString(36).slice(2, 10);
  /** The entry of keys that are not held. Its number is that of the newest deletion that was forgotten. */
  let absent: Entry = { ...unknownEntry, state: "absent" };
  const forgetDeletion = (entry: Entry): void => {
    if (entry.seq > absent.seq) absent = { state: "absent", seq: entry.seq };
  };
  const cells = new HeldCells({ bounds, entryOfNew: () => absent, onForget: forgetDeletion });
  const listeners = new Set<(change: Change) => void>();
  /** Timers that end ephemeral keys. */
  const expiries = new Map<string, { readonly timer: ReturnType<typeof setTimeout>; readonly ttlMs: number }>();
  const snapshots = new Snapshots();
  let seq = 0;
  let closed = false;

  const entryOfKey = (key: string): Entry => cells.peek(key) ?? absent;
  const checkOpen = (): void => {
    if (closed) throw new KawaError("BACKEND_CLOSED", `Backend "${clip(id)}" was closed.`);
  };
  const collections = new MemoryCollections({ entryOf: entryOfKey, keys: () => cells.keys() });
  const cellOf = (key: string): ReadonlyCell<Entry> => collections.cellOf(key, cells);
  const change = (changed: ReadonlyMap<string, Entry>): void => {
    const entries = new Map([...changed, ...collections.change(changed, seq)]);
    reportErrors(() =>
      batch(() => {
        for (const [key, entry] of entries) {
          snapshots.keep(key, entryOfKey(key));
          cells.set(key, entry);
        }
      }),
    );
    notify(listeners, { keys: [...entries.keys()], version: { epoch, seq } });
  };
  const expire = (key: string, ttlMs: number): void => {
    clearTimeout(expiries.get(key)?.timer);
    const timer = setTimeout(() => remove([key]), ttlMs);
    if (typeof timer === "object") timer.unref();
    expiries.set(key, { timer, ttlMs });
  };
  const stay = (key: string): void => {
    clearTimeout(expiries.get(key)?.timer);
    expiries.delete(key);
  };
  const live = (key: string, ttlMs: number | undefined): void => (ttlMs === undefined ? stay(key) : expire(key, ttlMs));
  /** Adds the lists of the groups in which one of these keys joins or leaves. */
  const withLists = (entries: Map<string, Entry>, isEphemeral: (key: string) => boolean): Map<string, Entry> => {
    const changed = [...entries.keys()].filter((key) => expiries.has(key) !== isEphemeral(key));
    const joined = changed.filter(isEphemeral).map(memberOf);
    const left = changed.filter((key) => !isEphemeral(key)).map(memberOf);
    addLists(entries, { left, joined }, { seq, entryOf: entryOfKey });
    return entries;
  };
  const write = (key: string, value: unknown, { ttlMs, expect, version }: WriteOptions = {}): unknown => {
    checkOpen();
    const text = encodeValue(key, value, undefined, version);
    checkExpected(key, entryOfKey(key), expect);
    seq += 1;
    const entry = createPresentEntry(seq, text);
    const entries = withLists(new Map([[key, entry]]), () => ttlMs !== undefined);
    live(key, ttlMs);
    change(entries);
    return entry.value;
  };
  const remove = (keys: readonly string[]): void => {
    checkOpen();
    const present = keys.filter((key) => entryOfKey(key).state === "present");
    if (present.length === 0) return;
    seq += 1;
    const entries = withLists(new Map(present.map((key) => [key, { state: "absent", seq }])), () => false);
    for (const key of present) stay(key);
    change(entries);
  };
  const writeAll = (made: readonly MadeWrite[]): void => {
    checkOpen();
    const some = made.filter(({ key, text }) => text !== null || entryOfKey(key).state === "present");
    if (some.length === 0) return;
    seq += 1;
    const lives = new Map(some.map(({ key, text, ttlMs }) => [key, text === null ? undefined : ttlMs]));
    const entries = withLists(entriesOf(some, seq), (key) => lives.get(key) !== undefined);
    for (const [key, ttlMs] of lives) live(key, ttlMs);
    change(entries);
  };
  const renew = (key: string): boolean => {
    checkOpen();
    const known = expiries.get(key);
    if (known) expire(key, known.ttlMs);
    return known !== undefined;
  };
  const list = (prefix: string): [key: string, entry: PresentEntry][] => {
    checkOpen();
    const rows: [string, PresentEntry][] = [];
    for (const key of cells.keys()) {
      const entry = entryOfKey(key);
      if (entry.state === "present" && isUnder(prefix, key) && !definedFor(key)) rows.push([key, entry]);
    }
    return rows.sort(([a], [b]) => (a < b ? -1 : 1));
  };

  const set: Backend["set"] = (key, value, options) =>
    writtenTo({ name: "set", of: { key }, by: set }, () => inTurn(() => void write(key, value, options)), nothing);
  const update: Backend["update"] = (key, updater, options) => {
    const change = (): unknown => {
      checkOpen();
      return write(key, updater(entryOfKey(key)), { ttlMs: options?.ttlMs, version: options?.version });
    };
    return writtenTo(
      { name: "update", of: { key }, by: update },
      () => inTurn(change),
      () => valueNow(backend, key),
    );
  };
  const changeKey: Backend["change"] = (key, change, initial, options) => {
    const { ttlMs, expect } = options ?? {};
    const perform = (): unknown => {
      checkOpen();
      encodeChange(key, change);
      checkExpected(key, entryOfKey(key), expect);
      const before = entryOfKey(key);
      const made = applyChange(key, changeable(key, before, initial).value, change);
      write(key, made, { ttlMs, version: initial.version });
      return "increment" in change ? made : undefined;
    };
    return writtenTo({ name: kindOf(change), of: { key }, by: changeKey }, () => inTurn(perform), nothing);
  };
  const deleteKey: Backend["delete"] = (key, options) => {
    const change = (): void => {
      checkOpen();
      checkExpected(key, entryOfKey(key), options?.expect);
      remove([key]);
    };
    return writtenTo({ name: "delete", of: { key }, by: deleteKey }, () => inTurn(change), nothing);
  };
  const clear: Backend["clear"] = (prefix) => {
    const change = (): void => remove(list(prefix).map(([key]) => key));
    return writtenTo({ name: "clear", of: { key: prefix }, by: clear }, () => inTurn(change), nothing);
  };

  const backend: Backend = {
    id,
    isGuarded: false,
    get version(): Version {
      return { epoch, seq };
    },
    get status() {
      return closed ? "closed" : "connected";
    },
    streams: {
      register: (scopes) =>
        inTurn(() => {
          checkOpen();
          return new Set(scopes);
        }),
      unregister: (scopes) => inTurn(() => remove(scopes.map(streamKey))),
    },
    entry: cellOf,
    load: (keys) => inTurn(() => (checkOpen(), void keys.filter(isQueryKey).forEach(cellOf))),
    async readerFor(options) {
      if (options?.origin !== "browser") return this;
      // Browsers choose keys: beyond the bound, cells of keys without a value are not kept.
      return { entry: (key) => (cells.isFull && !cells.peek(key) ? cell(absent) : this.entry(key)), load: this.load };
    },
    openSnapshot() {
      // Every key is known here. Where the old entry is forgotten, the present one is newer.
      const readAt: ReadAt = async (keys) => ({ epoch, entries: new Map(keys.map((key) => [key, entryOfKey(key)])) });
      return snapshots.open({ version: this.version, live: this, readAt });
    },
    snapshotFor() {
      return inTurn(() => this.openSnapshot()!);
    },
    set,
    update,
    transact: (attempt) =>
      transactInMemory(attempt, { openSnapshot: () => backend.openSnapshot()!, entryOf: entryOfKey, commit: writeAll }),
    renew: (key) => inTurn(() => renew(key)),
    change: changeKey,
    delete: deleteKey,
    clear,
    keys: (prefix) => inTurn(() => list(prefix).map(([key]) => key)),
    entries: (prefix) => inTurn(() => new Map(list(prefix).map(([key, entry]) => [key, entry.value]))),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      closed = true;
      cells.close();
      for (const { timer } of expiries.values()) clearTimeout(timer);
      listeners.clear();
    },
  };
  return backend;
}

const nothing = async (): Promise<void> => {};

/** The backend of signals that have no other. Values are lost when the process ends. */
export function memoryBackend(): Backend {
  return processState("memory-backend", () => registered("memory"));
}

/** The backend of signals without a key. It is a backend of its own: they are never listed or cleared. */
export function localBackend(): Backend {
  return processState("local-backend", () => registered("local"));
}

function registered(id: string): Backend {
  const backend = createMemoryBackend(id);
  registerBackend(backend, { global: false });
  return backend;
}
