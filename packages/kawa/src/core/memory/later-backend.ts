import { type Backend, type Entry, type Snapshot, unknownEntry } from "../backend/backend.ts";
import { cell, type ReadonlyCell } from "../process/reactive.ts";

/**
 * Stands in for the backend of a Next server that has not been named yet: it knows nothing by itself, and passes on to the one that `find`
 * resolves with. A memory backend would give defaults, and lose what is written.
 */
export function createLaterBackend(find: () => Promise<Backend>): Backend {
  const unknown = cell<Entry>(unknownEntry);
  let found: Backend | undefined;
  const backend = async (): Promise<Backend> => (found = await find());
  return {
    get id() {
      return found?.id ?? "later";
    },
    get version() {
      return found?.version ?? { epoch: "", seq: 0 };
    },
    get status() {
      return found?.status ?? "idle";
    },
    get isGuarded() {
      return found?.isGuarded ?? false;
    },
    streams: {
      register: async (scopes) => (await backend()).streams.register(scopes),
      unregister: async (scopes) => (await backend()).streams.unregister(scopes),
    },
    entry: (key): ReadonlyCell<Entry> => found?.entry(key) ?? unknown,
    load: async (keys) => (await backend()).load(keys),
    readerFor: async (options) => (await backend()).readerFor(options),
    openSnapshot: () => found?.openSnapshot(),
    snapshotFor: async (options): Promise<Snapshot> => (await backend()).snapshotFor(options),
    set: async (key, value, options) => (await backend()).set(key, value, options),
    update: async (key, updater, options) => (await backend()).update(key, updater, options),
    change: async (key, change, initial, options) => (await backend()).change(key, change, initial, options),
    transact: async (attempt, options) => (await backend()).transact(attempt, options),
    renew: async (key, options) => (await backend()).renew(key, options),
    delete: async (key, options) => (await backend()).delete(key, options),
    clear: async (prefix, options) => (await backend()).clear(prefix, options),
    keys: async (prefix, options) => (await backend()).keys(prefix, options),
    entries: async (prefix, options) => (await backend()).entries(prefix, options),
    onChange(listener) {
      let stop = (): void => {};
      let isStopped = false;
      backend().then(
        (real) => {
          if (!isStopped) stop = real.onChange(listener);
        },
        () => {},
      );
      return () => {
        isStopped = true;
        stop();
      };
    },
    close: async () => {},
  };
}
