import { type Backend, type Change, type Entry, registerBackend, unknownEntry, type Updater } from "./backend.ts";
import { clip, KawaError } from "./errors.ts";
import { notify, reportErrors } from "./notify.ts";
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
  const checkOpen = (): void => {
    if (closed) throw new KawaError("BACKEND_CLOSED", `Backend "${clip(id)}" was closed.`);
  };
  const write = (key: string, value: unknown): unknown => {
    checkOpen();
    const stored = decodeValue(encodeValue(key, value));
    seq += 1;
    reportErrors(() => (cellOf(key).value = { state: "present", seq, value: stored }));
    notify(listeners, { keys: [key], version: { epoch, seq } });
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
    load: async () => checkOpen(),
    set: async (key, value) => void write(key, value),
    update: async (key, updater: Updater) => {
      checkOpen();
      return write(key, updater(cellOf(key).peek()));
    },
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
