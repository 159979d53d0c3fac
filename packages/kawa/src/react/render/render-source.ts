import { type Entry, unknownEntry } from "../../core/backend/backend.ts";
import { loadUnknown } from "../../core/backend/load-unknown.ts";
import { type Collected, collectReads, type Read, type Readable, readAs } from "../../core/backend/reads.ts";
import { type BackedSignal, isBacked } from "../../core/signal.ts";
import { notePrerenderedRead } from "./prerendered-reads.ts";
import type { RenderReads } from "./render-reads.ts";
import type { RequestScope } from "./render-scope.ts";

/** What a render sees of a signal or computed value, once everything that it depends on is known; undefined before. */
export function seenBy<T>(scope: RequestScope, source: Readable<T>): Seen<T> | undefined {
  if (!scope.isDynamic) return undefined;
  if (isBacked(source)) return seenSignal(scope, source);
  const found = evaluate(scope, source);
  const entries = found.reads.map((read) => entryIn(scope, read));
  return entries.every(({ state }) => state !== "unknown") ? new SeenComputed(scope, found, entries) : undefined;
}

export type Seen<T> = {
  /** Notes that the render depends on the source. */
  note(into: RenderReads | undefined): void;
  /** Returns the value, or throws what the computed value has thrown. */
  result(): T;
};

function seenSignal<T>(scope: RequestScope, signal: BackedSignal<T>): Seen<T> | undefined {
  const read = signal.read;
  const entry = entryIn(scope, read);
  return entry.state === "unknown" ? undefined : new SeenSignal(scope, signal, read, entry);
}

// A component may read thousands of signals: one object each, without closures.
class SeenSignal<T> implements Seen<T> {
  readonly #scope: RequestScope;
  readonly #signal: BackedSignal<T>;
  readonly #read: Read;
  readonly #entry: Entry;

  constructor(scope: RequestScope, signal: BackedSignal<T>, read: Read, entry: Entry) {
    this.#scope = scope;
    this.#signal = signal;
    this.#read = read;
    this.#entry = entry;
  }

  note(into: RenderReads | undefined): void {
    this.#scope.noteRead(this.#read.backend, this.#read.key, this.#entry, into);
  }

  result(): T {
    return this.#signal.valueIn(this.#entry);
  }
}

class SeenComputed<T> implements Seen<T> {
  readonly #scope: RequestScope;
  readonly #evaluated: Evaluated<T>;
  /** Entries of what was read, in the same order. */
  readonly #entries: readonly Entry[];

  constructor(scope: RequestScope, evaluated: Evaluated<T>, entries: readonly Entry[]) {
    this.#scope = scope;
    this.#evaluated = evaluated;
    this.#entries = entries;
  }

  note(into: RenderReads | undefined): void {
    for (const [index, { backend, key }] of this.#evaluated.reads.entries())
      this.#scope.noteRead(backend, key, this.#entries[index]!, into);
  }

  result(): T {
    return this.#evaluated.result();
  }
}

/** Resolves when {@link seenBy} knows the value. Makes the route dynamic. */
export async function loadFor<T>(scope: RequestScope, source: Readable<T>): Promise<void> {
  const name = isBacked(source) ? `"${source.key}"` : "a computed value";
  await scope.prepareRead(name).catch((reason: unknown) => {
    notePrerenderedRead(reason, name);
    throw reason;
  });
  const load = async ({ backend, key }: Read): Promise<void> => (await scope.openSnapshot(backend, key)).load([key]);
  await loadUnknown(() => unknownReads(scope, source), load);
}

type Evaluated<T> = { readonly reads: readonly Read[]; readonly result: () => T };

/** The value that all renders share, where this render sees the same inputs; else a value for this render alone. */
function evaluate<T>({ snapshots }: RequestScope, source: Readable<T>): Evaluated<T> {
  if (!snapshots.isGuarded) {
    const shared = evaluated(collectReads(() => source.value));
    const isSame = ({ backend, key }: Read): boolean =>
      (snapshots.of(backend) ?? backend).entry(key) === backend.entry(key);
    if (shared.reads.every(isSame)) return shared;
  }
  return evaluated(
    collectReads(() =>
      readAs(
        (backend) => snapshots.of(backend) ?? backend,
        () => source.value,
      ),
    ),
  );
}

function evaluated<T>({ reads, result }: Collected<T>): Evaluated<T> {
  const own: Read[] = [];
  for (const readable of reads) if (isBacked(readable)) own.push(readable.read);
  return { reads: own, result };
}

function unknownReads<T>(scope: RequestScope, source: Readable<T>): Read[] {
  const reads = isBacked(source) ? [source.read] : evaluate(scope, source).reads;
  return reads.filter((read) => entryIn(scope, read).state === "unknown");
}

/** What the render sees of a key. It is unknown until the render is known to belong to a request: a prerender must open no snapshot. */
export function entryIn({ isDynamic, snapshots }: RequestScope, { backend, key }: Read): Entry {
  return (isDynamic ? snapshots.of(backend)?.peek(key) : undefined) ?? unknownEntry;
}
