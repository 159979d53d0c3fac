import { type Backend, type Change, type DeleteOptions, type Entry, registerBackend, unknownEntry, type UpdateOptions, type Updater, type WriteOptions } from "./backend.ts";
import { createPresentEntry, type PresentEntry } from "./entry.ts";
import { clip, KawaError } from "./errors.ts";
import { checkExpected } from "./expected.ts";
import { streamKey } from "./key.ts";
import { memberOf, membersKey, type Members, noMembers } from "./members.ts";
import { type HeldBounds, HeldCells } from "./held-cells.ts";
import { notify, reportErrors } from "./notify.ts";
import type { ReadAt } from "./pinned-snapshot.ts";
import { processState } from "./process-state.ts";
import { batch } from "./reactive.ts";
import { Snapshots } from "./snapshots.ts";
import { encodeValue } from "./value.ts";
import type { Version } from "./version.ts";

/** Values are nowhere else: only keys without one are forgotten. */
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
  /** Of keys that are not held. Its number is that of the newest deletion which was forgotten. */
  let absent: Entry = { ...unknownEntry, state: "absent" };
  const forgetDeletion = (entry: Entry): void => {
    if (entry.seq > absent.seq) absent = { state: "absent", seq: entry.seq };
  };
  const cells = new HeldCells({ bounds, entryOfNew: () => absent, onForget: forgetDeletion });
  const listeners = new Set<(change: Change) => void>();
  /** Of ephemeral keys. */
  const expiries = new Map<string, ReturnType<typeof setTimeout>>();
  const snapshots = new Snapshots();
  let seq = 0;
  let closed = false;

  const entryOfKey = (key: string): Entry => cells.peek(key) ?? absent;
  const checkOpen = (): void => {
    if (closed) throw new KawaError("BACKEND_CLOSED", `Backend "${clip(id)}" was closed.`);
  };
  const change = (entries: ReadonlyMap<string, Entry>): void => {
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
  const listEntry = (key: string, members: Members): PresentEntry =>
    createPresentEntry(seq, encodeValue(key, members, Number.POSITIVE_INFINITY));
  const expire = (key: string, ttlMs: number): void => {
    clearTimeout(expiries.get(key));
    const timer = setTimeout(() => remove([key]), ttlMs);
    if (typeof timer === "object") timer.unref();
    expiries.set(key, timer);
  };
  const stay = (key: string): void => {
    clearTimeout(expiries.get(key));
    expiries.delete(key);
  };
  /** Adds the lists of the groups of these keys, which are ephemeral from now on where `ttlMs` says so. */
  const withLists = (entries: Map<string, Entry>, ttlMs: number | undefined): Map<string, Entry> => {
    for (const key of [...entries.keys()]) {
      const { group, id } = memberOf(key);
      const list = membersKey(group);
      const held = entries.get(list) ?? entryOfKey(list);
      const before = held.state === "present" ? (held.value as Members) : noMembers;
      const isMember = before.ids.includes(id);
      if (ttlMs === undefined ? !isMember : isMember && before.ttlMs === ttlMs) continue;
      const ids = before.ids.filter((other) => other !== id || ttlMs !== undefined);
      if (ttlMs !== undefined && !isMember) ids.push(id);
      entries.set(list, ids.length === 0 ? { state: "absent", seq } : listEntry(list, { ttlMs: ttlMs ?? before.ttlMs, ids }));
    }
    return entries;
  };
  const write = (key: string, value: unknown, { ttlMs, expect }: WriteOptions = {}): unknown => {
    checkOpen();
    const text = encodeValue(key, value);
    checkExpected(key, entryOfKey(key), expect);
    seq += 1;
    const entry = createPresentEntry(seq, text);
    if (ttlMs === undefined) stay(key);
    else expire(key, ttlMs);
    change(withLists(new Map([[key, entry]]), ttlMs));
    return entry.value;
  };
  const remove = (keys: readonly string[]): void => {
    checkOpen();
    const present = keys.filter((key) => entryOfKey(key).state === "present");
    if (present.length === 0) return;
    seq += 1;
    for (const key of present) stay(key);
    change(withLists(new Map(present.map((key) => [key, { state: "absent", seq }])), undefined));
  };
  const renew = (key: string): boolean => {
    checkOpen();
    if (!expiries.has(key)) return false;
    const { group } = memberOf(key);
    const list = entryOfKey(membersKey(group));
    expire(key, list.state === "present" ? (list.value as Members).ttlMs : 0);
    return true;
  };
  const list = (prefix: string): [key: string, entry: PresentEntry][] => {
    checkOpen();
    const rows: [string, PresentEntry][] = [];
    for (const key of cells.keys()) {
      const entry = entryOfKey(key);
      // Keys with a NUL are of no signal: they are listed only where they are asked for.
      const isMeant = key.startsWith(prefix) && key.startsWith("\0") === prefix.startsWith("\0");
      if (entry.state === "present" && isMeant) rows.push([key, entry]);
    }
    return rows.sort(([a], [b]) => (a < b ? -1 : 1));
  };

  return {
    id,
    isGuarded: false,
    get version(): Version {
      return { epoch, seq };
    },
    get status() {
      return closed ? "closed" : "connected";
    },
    streams: {
      register: async (scopes) => {
        checkOpen();
        return new Set(scopes);
      },
      unregister: async (scopes) => remove(scopes.map(streamKey)),
    },
    entry: (key) => cells.get(key),
    load: async () => checkOpen(),
    async readerFor() {
      return this;
    },
    openSnapshot() {
      // Every key is known here; where the old entry is forgotten, the one that there is now is newer.
      const readAt: ReadAt = async (keys) => ({ epoch, entries: new Map(keys.map((key) => [key, entryOfKey(key)])) });
      return snapshots.open({ version: this.version, live: this, readAt });
    },
    async snapshotFor() {
      return this.openSnapshot()!;
    },
    set: async (key, value, options?: WriteOptions) => void write(key, value, options),
    update: async (key, updater: Updater, options?: UpdateOptions) => {
      checkOpen();
      return write(key, updater(entryOfKey(key)), { ttlMs: options?.ttlMs });
    },
    renew: async (key) => renew(key),
    delete: async (key, options?: DeleteOptions) => {
      checkOpen();
      checkExpected(key, entryOfKey(key), options?.expect);
      remove([key]);
    },
    clear: async (prefix) => remove(list(prefix).map(([key]) => key)),
    keys: async (prefix) => list(prefix).map(([key]) => key),
    entries: async (prefix) => new Map(list(prefix).map(([key, entry]) => [key, entry.value])),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      closed = true;
      cells.close();
      for (const timer of expiries.values()) clearTimeout(timer);
      listeners.clear();
    },
  };
}

/** The backend of signals that have no other. Values are lost when the process ends. */
export function memoryBackend(): Backend {
  return processState("memory-backend", () => registered("memory"));
}

/** The backend of signals without a key. It is one of its own: nobody lists or clears them. */
export function localBackend(): Backend {
  return processState("local-backend", () => registered("local"));
}

function registered(id: string): Backend {
  const backend = createMemoryBackend(id);
  registerBackend(backend, { global: false });
  return backend;
}
