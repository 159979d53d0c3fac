import { type Backend, type Entry, type Reader, type Snapshot, unknownEntry } from "../backend/backend.ts";
import { clip } from "../errors/clip.ts";
import { querySpec } from "../collections/query-key.ts";
import { groupIn } from "../backend/members.ts";
import { nextWork } from "../work/next-work.ts";
import { cell } from "../process/reactive.ts";
import { isReadingForAll } from "../backend/reads.ts";
import { staticRefusal } from "../work/static-refusal.ts";

/**
 * Stands in for the backend of a server while `next build` runs: it knows nothing, and refuses everything. A memory backend would give
 * defaults, and the build would keep these.
 */
export function createBuildBackend(): Backend {
  const unknown = cell<Entry>(unknownEntry);
  const refuse = async (what: string): Promise<never> => {
    throw staticRefusal(what);
  };
  const read = (keys: readonly string[]): Promise<never> => refuse(wasRead(keys));
  const write = (key: string): Promise<never> => refuse(wasWritten(key));
  const list = (prefix: string): Promise<never> => refuse(wasListed(prefix));
  return {
    id: "memory",
    version: { epoch: "", seq: 0 },
    status: "idle",
    isGuarded: false,
    streams: { register: async () => new Set(), unregister: async () => {} },
    entry: (key) => {
      refuseFrozen(key);
      return unknown;
    },
    load: async (keys) => (isReadingForAll() ? undefined : read(keys)),
    async readerFor(): Promise<Reader> {
      return this;
    },
    openSnapshot: () => undefined,
    snapshotFor: (): Promise<Snapshot> => read([]),
    set: write,
    update: write,
    change: write,
    renew: write,
    transact: () => refuse("A transaction was made"),
    delete: write,
    clear: write,
    keys: list,
    entries: list,
    onChange: () => () => {},
    close: async () => {},
  };
}

/**
 * Refuses a read that does not wait: it would show a default, and a prerender would keep that. Effects may read, for they see later
 * values too.
 *
 * @throws {KawaError} RENDER_STATIC
 */
export function refuseFrozen(key: string): void {
  if (nextWork() && !isReadingForAll()) throw staticRefusal(wasRead([key]));
}

export function wasRead(keys: readonly string[]): string {
  const [key] = keys;
  if (key === undefined) return "A signal was read";
  const query = querySpec(key);
  if (query) return `A query of "${clip(query.collection)}" was read`;
  const group = groupIn(key);
  return group === undefined ? `"${clip(key)}" was read` : `The members of "${clip(group)}" were read`;
}

export function wasWritten(key: string): string {
  return `"${clip(key)}" was written`;
}

export function wasListed(prefix: string): string {
  return `Keys of "${clip(prefix)}" were listed`;
}
