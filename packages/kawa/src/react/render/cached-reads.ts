import { type Backend, type Entry, knownBackends } from "../../core/backend/backend.ts";
import { expectedSeq } from "../../core/backend/expected.ts";
import { delay } from "../../core/process/delay.ts";
import { processState } from "../../core/process/process-state.ts";
import { withTimeout } from "../../core/process/with-timeout.ts";
import type { Version } from "../../core/value/version.ts";
import { createRenderId } from "./render-id.ts";

/** Most cached results whose reads are remembered. An entry that is given later brings its reads with it. */
const maxKept = 2_000;
const tagPrefix = "kawa:";

/** A key that a cached result was made of. */
export type CachedRead = {
  readonly backendId: string;
  readonly epoch: string;
  readonly key: string;
  /** Number of the value that was read; 0 where there was none. */
  readonly seq: number;
};

/** A read of something unknown: a result that was made of it is current nowhere. */
export const unknownRead: CachedRead = { backendId: "", epoch: "", key: "", seq: 0 };

type TaggedReads = readonly (readonly [
  backendId: string,
  epoch: string,
  keys: readonly (readonly [key: string, seq: number])[],
])[];

/** What a function in `"use cache"` has read. It grows while the function runs. */
export class CachedReads {
  readonly id: string;
  readonly #reads = new Map<string, CachedRead>();
  readonly #listeners = new Set<(read: CachedRead) => void>();
  #isOver = false;
  #onFinished = (): void => {};
  /** Resolves when the function and all that it has returned are done. */
  readonly finished: Promise<void> = new Promise((resolve) => (this.#onFinished = resolve));

  constructor(id: string = createRenderId()) {
    this.id = id;
  }

  get size(): number {
    return this.#reads.size;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** True while nothing of it has changed on this server. */
  get isCurrent(): boolean {
    const backends = knownBackends();
    return this.all.every((read) => {
      const backend = backends.get(read.backendId);
      return backend !== undefined && compareRead(read, backend.version, backend.entry(read.key).peek()) === "same";
    });
  }

  get all(): readonly CachedRead[] {
    return [...this.#reads.values()];
  }

  add(read: CachedRead): void {
    const name = `${read.backendId}\n${read.key}`;
    if (this.#reads.has(name)) return;
    this.#reads.set(name, read);
    for (const listener of this.#listeners) listener(read);
  }

  /** Calls `listener` with what was read and with what is read from now on. */
  follow(listener: (read: CachedRead) => void): void {
    for (const read of this.all) listener(read);
    if (!this.#isOver) this.#listeners.add(listener);
  }

  finish(): void {
    this.#isOver = true;
    state().running.delete(this);
    this.#listeners.clear();
    this.#onFinished();
  }

  /** Goes with the cached entry wherever it is kept. */
  toTag(): string {
    const byBackend = Map.groupBy(this.all, ({ backendId, epoch }) => `${backendId}\n${epoch}`);
    const reads: TaggedReads = [...byBackend.values()].map((all) => [
      all[0]!.backendId,
      all[0]!.epoch,
      all.map(({ key, seq }) => [key, seq]),
    ]);
    return `${tagPrefix}${this.id}:${JSON.stringify(reads)}`;
  }
}

/** The reads that one of the tags of a cached entry tells; undefined for a tag of the app. */
export function readTag(tag: string): CachedReads | undefined {
  if (!tag.startsWith(tagPrefix)) return undefined;
  const end = tag.indexOf(":", tagPrefix.length);
  const id = tag.slice(tagPrefix.length, end);
  const known = findCachedReads(id);
  if (known) return known;
  const reads = parseReads(tag.slice(end + 1));
  if (reads.length === 0) return undefined;
  const cached = new CachedReads(id);
  for (const [backendId, epoch, keys] of reads)
    for (const [key, seq] of keys) cached.add({ backendId, epoch, key, seq });
  cached.finish();
  keepCachedReads(cached);
  return cached;
}

/** Empty for a tag of the app that begins alike. */
function parseReads(text: string): TaggedReads {
  try {
    const reads: unknown = JSON.parse(text);
    return Array.isArray(reads) ? (reads as TaggedReads) : [];
  } catch {
    return [];
  }
}

/** Compares what was read with the present entry. A key without a value is the same, whenever it was read. */
export function compareRead(read: CachedRead, { epoch }: Version, entry: Entry): "same" | "older" | "newer" {
  if (read.epoch !== epoch) return "older";
  if (read.seq === expectedSeq(entry) && entry.state !== "unknown") return "same";
  return read.seq > entry.seq ? "newer" : "older";
}

export function cachedRead(backend: Backend, key: string, entry: Entry): CachedRead {
  return { backendId: backend.id, epoch: backend.version.epoch, key, seq: expectedSeq(entry) };
}

type CachedReadsState = {
  /** In the order of last use. */
  readonly kept: Map<string, CachedReads>;
  readonly running: Set<CachedReads>;
};

const state = (): CachedReadsState => processState("cached-reads", () => ({ kept: new Map(), running: new Set() }));

export function keepCachedReads(cached: CachedReads): void {
  const { kept, running } = state();
  kept.set(cached.id, cached);
  if (!cached.isOver) running.add(cached);
  if (kept.size > maxKept) kept.delete(kept.keys().next().value!);
}

export function findCachedReads(id: string): CachedReads | undefined {
  const { kept: all } = state();
  const found = all.get(id);
  if (found) {
    all.delete(id);
    all.set(id, found);
  }
  return found;
}

/** Longest wait for cached functions that run, in milliseconds. */
const maxWaitMs = 2_000;
/** Others that wait for a cached function are given its result this long after it has ended, in milliseconds. */
const shownMs = 50;

/**
 * Resolves when no cached function runs that has read what has changed since. Next gives the result of such a function to all who ask
 * meanwhile, also to renders that see the change: they must not announce their versions before.
 */
export async function whenNothingOlderRuns(): Promise<void> {
  const { running } = state();
  if (running.size === 0) return;
  const older = [...running].filter((cached) => !cached.isCurrent);
  if (older.length === 0) return;
  await withTimeout(Promise.all(older.map(({ finished }) => finished)), maxWaitMs, () => {});
  await delay(shownMs);
}
