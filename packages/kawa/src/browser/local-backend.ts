import type { Entry, SignalBackend } from "../core/backend/backend.ts";
import { type Cell, cell } from "../core/process/reactive.ts";
import { inTurn } from "../core/process/turn-budget.ts";

/** Keeps the values of signals without a key, in this tab alone. */
export function createLocalBackend(): SignalBackend {
  const cells = new Map<string, Cell<Entry>>();
  const entry = (key: string): Cell<Entry> => {
    if (!cells.has(key)) cells.set(key, cell<Entry>({ state: "absent", seq: 0 }));
    return cells.get(key)!;
  };
  const put = (key: string, value: unknown): unknown => {
    entry(key).value = { state: "present", seq: 1, value };
    return value;
  };
  const backend: SignalBackend = {
    id: "local",
    entry,
    load: () => inTurn(() => {}),
    readerFor: async () => backend,
    set: (key, value) => inTurn(() => void put(key, value)),
    update: (key, updater) => inTurn(() => put(key, updater(entry(key).peek()))),
    change: async (key, change, initial) => {
      const { applyChange } = await import("../core/value/commuting.ts");
      const before = entry(key).peek();
      const made = put(key, applyChange(key, before.state === "present" ? before.value : initial.value, change));
      return "increment" in change ? made : undefined;
    },
    delete: (key) => inTurn(() => void (entry(key).value = { state: "absent", seq: 1 })),
  };
  return backend;
}
