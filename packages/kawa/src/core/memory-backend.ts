import { type Backend, type Change, type Entry, registerBackend, unknownEntry, type Updater } from "./backend.ts";
import { processState } from "./process-state.ts";
import { cell, type Cell } from "./reactive.ts";
import { decodeValue, encodeValue } from "./value.ts";
import type { Version } from "./version.ts";

const absent: Entry = { ...unknownEntry, state: "absent" };

/**
 * Keeps values in this process only: for tests, and for signals that live before a durable backend exists.
 *
 * @example
 * const scratch = namespace("scratch", { backend: createMemoryBackend("scratch") });
 */
export function createMemoryBackend(id: string): Backend {
  const epoch = Math.random().toString(36).slice(2, 10);
  const cells = new Map<string, Cell<Entry>>();
  const listeners = new Set<(change: Change) => void>();
  let seq = 0;
  let closed = false;

  const cellOf = (key: string): Cell<Entry> => {
    let found = cells.get(key);
    if (!found) cells.set(key, (found = cell<Entry>(absent)));
    return found;
  };
  const write = (key: string, value: unknown): unknown => {
    const stored = decodeValue(encodeValue(key, value));
    seq += 1;
    cellOf(key).value = { state: "present", seq, value: stored };
    const change: Change = { keys: [key], version: { epoch, seq } };
    for (const listener of listeners) listener(change);
    return stored;
  };

  return {
    id,
    get version(): Version {
      return { epoch, seq };
    },
    get status() {
      return closed ? "closed" : "connected";
    },
    entry: cellOf,
    load: () => Promise.resolve(),
    set: async (key, value) => void write(key, value),
    update: async (key, updater: Updater) => write(key, updater(cellOf(key).peek())),
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      closed = true;
      listeners.clear();
    },
  };
}

/** The backend of signals that have no other. Values are lost when the process ends. */
export function memoryBackend(): Backend {
  return processState("memory-backend", () => {
    const backend = createMemoryBackend("memory");
    registerBackend(backend, { global: false });
    return backend;
  });
}
