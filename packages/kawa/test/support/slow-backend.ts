import { vi } from "vitest";
import { type Backend, type Entry, unknownEntry } from "../../src/core/backend/backend.ts";
import { createMemoryBackend } from "../../src/core/memory/memory-backend.ts";
import { cell, type Cell } from "../../src/core/process/reactive.ts";

let count = 0;

/** A backend whose keys stay unknown until the test gives them a value. */
export function createSlowBackend() {
  const cells = new Map<string, Cell<Entry>>();
  const cellOf = (key: string): Cell<Entry> => {
    if (!cells.has(key)) cells.set(key, cell<Entry>(unknownEntry));
    return cells.get(key)!;
  };
  const loading = Promise.withResolvers<void>();
  const load = vi.fn<(keys: readonly string[]) => Promise<void>>(() => loading.promise);
  count += 1;
  const backend = { ...createMemoryBackend(`slow-${count}`), entry: cellOf, load } as Backend;
  return {
    backend,
    load,
    arrive(key: string, value: unknown) {
      cellOf(key).value = { state: "present", seq: 1, value };
      loading.resolve();
    },
    fail: (error: unknown) => loading.reject(error),
  };
}
