import { knownBackends, type Reader } from "../../core/backend/backend.ts";
import { nextWork } from "../../core/work/next-work.ts";
import { processState } from "../../core/process/process-state.ts";
import type { Version } from "../../core/value/version.ts";
import { type CachedReads, compareRead, readTag } from "./cached-reads.ts";
import type { RequestScope } from "./render-scope.ts";

type CacheEntry = { readonly value: ReadableStream<Uint8Array>; readonly tags: readonly string[] };

/** What Next asks of a cache handler. */
export type CacheHandler = {
  get(cacheKey: string, softTags: string[]): Promise<CacheEntry | undefined>;
  set(cacheKey: string, pendingEntry: Promise<CacheEntry>): Promise<void>;
  refreshTags?(): Promise<void>;
  getExpiration?(tags: string[]): Promise<number>;
  updateTags?(tags: string[], durations?: { expire?: number }): Promise<void>;
};

type Scope = () => RequestScope | undefined;

/**
 * Work that answers a request may show a cached entry. A prerender may not: Next keeps it, and its visitors would not hear of later
 * changes.
 */
const showing = new Set(["request", "cache", "private-cache"]);

/**
 * A cache handler around `inner` that misses an entry once a signal that the entry was made of has changed. Entries that were made of no
 * signal pass as they are. `scope` returns the render that asks.
 */
export function createLiveHandler(inner: CacheHandler, scope: Scope): CacheHandler {
  /** Keys whose entry another server has made of newer values than this one knows. */
  const newer = new Set<string>();
  return {
    async get(cacheKey, softTags) {
      const entry = await inner.get(cacheKey, softTags);
      const reads = entry?.tags.map(readTag).filter((read) => read !== undefined) ?? [];
      if (!entry || reads.length === 0) return entry;
      const found = showing.has(nextWork()?.unit?.type ?? "") ? await compare(reads, scope()) : "older";
      if (found === "same") return entry;
      if (found === "newer") newer.add(cacheKey);
      discard(entry);
      return undefined;
    },
    async set(cacheKey, pendingEntry) {
      // A server that is behind must not replace an entry that is newer than its own.
      if (newer.delete(cacheKey)) return discard(await pendingEntry);
      return inner.set(cacheKey, pendingEntry);
    },
    refreshTags: async () => inner.refreshTags?.(),
    getExpiration: async (tags) => (await inner.getExpiration?.(tags)) ?? 0,
    updateTags: async (tags, durations) => inner.updateTags?.(tags, durations),
  };
}

function discard({ value }: CacheEntry): void {
  // Not awaited: one branch of a stream that is read twice settles only with the other one.
  value.cancel().catch(() => {});
}

/** Compares what an entry was made of with what the render sees. */
async function compare(
  all: readonly CachedReads[],
  scope: RequestScope | undefined,
): Promise<"same" | "older" | "newer"> {
  const byBackend = Map.groupBy(
    all.flatMap((reads) => reads.all),
    ({ backendId }) => backendId,
  );
  let result: "same" | "newer" = "same";
  for (const [backendId, reads] of byBackend) {
    const backend = knownBackends().get(backendId);
    if (!backend) return "older";
    await backend.load([]);
    if (backend.isGuarded) return "older";
    const reader: Reader & { readonly version: Version } = scope ? await scope.openSnapshot(backend) : backend;
    if (reads.some(({ epoch }) => epoch !== reader.version.epoch)) return "older";
    await reader.load(reads.map(({ key }) => key));
    for (const read of reads) {
      const found = compareRead(read, reader.version, reader.entry(read.key).peek());
      if (found === "older") return found;
      if (found === "newer") result = found;
    }
  }
  return result;
}

type LiveCache = { readonly handlers: WeakMap<CacheHandler, CacheHandler>; scope: Scope };

const registries = ["@next/cache-handlers-map", "@next/cache-handlers-dev-tiered"].map((name) => Symbol.for(name));
const builtIns = Symbol.for("@next/cache-handlers-built-in");

/**
 * Puts {@link createLiveHandler} around all cache handlers that Next has by now, its own and the app's. Next keeps them in a global registry,
 * so the app needs no file that its configuration names. In development that also reaches the memory in front of the app's handlers.
 */
export function keepCacheLive(scope: Scope): void {
  const live = processState<LiveCache>("live-cache", () => ({ handlers: new WeakMap(), scope }));
  live.scope = scope;
  const globals = globalThis as { readonly [name: symbol]: unknown };
  const ofNext = globals[builtIns] as Set<CacheHandler> | undefined;
  for (const name of registries) {
    const handlers = globals[name] as Map<string, CacheHandler> | undefined;
    for (const [kind, handler] of handlers ?? []) {
      let made = live.handlers.get(handler);
      if (made === handler) continue;
      if (!made) {
        made = createLiveHandler(handler, () => live.scope());
        live.handlers.set(handler, made);
        live.handlers.set(made, made);
        // From a handler that is not one of these, Next keeps an entry for the whole request.
        if (ofNext?.has(handler)) ofNext.add(made);
      }
      handlers!.set(kind, made);
    }
  }
}
