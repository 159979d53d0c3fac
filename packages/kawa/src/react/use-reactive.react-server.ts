import { use } from "react";
import { type Entry, unknownEntry } from "../core/backend.ts";
import type { StreamStart } from "../core/reactive-stream.ts";
import { type Collected, collectReads, type Read, type Readable, readAs } from "../core/reads.ts";
import { type BackedSignal, isSignal } from "../core/signal.ts";
import { ready } from "./fulfilled.ts";
import { notePrerenderedRead } from "./prerendered-reads.ts";
import { type RequestScope, requestScope } from "./request-scope.ts";
import { streamSignal } from "./stream-signal.ts";

/**
 * The current value of a signal or computed in a server component. Suspends until this server knows the value, makes the
 * route dynamic, and makes `<LiveUpdates />` render it again when the value changes.
 *
 * @throws {KawaError} BACKEND_TIMEOUT - the actor could not be reached; the nearest error boundary shows it
 * @example
 * export default function Counter() {
 *   return <output>{useReactive(counter)}</output>;
 * }
 */
export function useReactive<T>(source: Readable<T>): T;
/**
 * The value that `start` produces on the server for as long as somebody looks: {@link useReactiveStream}.
 *
 * @example
 * const time = useReactive("", (stream) => {
 *   const timer = setInterval(() => stream.set(new Date().toISOString()), 1_000);
 *   return () => clearInterval(timer);
 * }, []);
 */
export function useReactive<T>(initial: T, start: StreamStart<T>, deps: readonly unknown[]): T;
export function useReactive<T>(source: Readable<T> | T, start?: StreamStart<T>, deps?: readonly unknown[]): T {
  const stream = typeof start === "function" ? streamSignal({ hook: useReactive, initial: source as T, start, deps }) : undefined;
  const value = useSource(stream ? stream.signal : (source as Readable<T>));
  stream?.show();
  return value;
}

function useSource<T>(source: Readable<T>): T {
  const scope = requestScope();
  if (isSignal(source)) {
    const signal = source as BackedSignal<T>;
    const from = signal.read;
    const entry = entryIn(scope, from);
    use(entry.state === "unknown" ? waitFor(scope, source) : ready);
    scope.noteRead(from.backend, from.key, entry);
    return signal.valueIn(entry);
  }
  const evaluated = scope.isDynamic ? evaluate(scope, source) : undefined;
  use(evaluated && unknownOf(scope, evaluated.reads).length === 0 ? ready : waitFor(scope, source));
  const { reads, result } = evaluated ?? evaluate(scope, source);
  for (const read of backendReads(reads)) scope.noteRead(read.backend, read.key, entryIn(scope, read));
  return result();
}

/** The value that everybody shares, where what it is computed from is the same for this render; else one for it alone. */
function evaluate<T>({ snapshots }: RequestScope, source: Readable<T>): Collected<T> {
  if (!snapshots.isGuarded) {
    const shared = collectReads(() => source.value);
    const isSame = ({ backend, key }: Read): boolean => (snapshots.of(backend) ?? backend).entry(key) === backend.entry(key);
    if (backendReads(shared.reads).every(isSame)) return shared;
  }
  return collectReads(() => readAs((backend) => snapshots.of(backend) ?? backend, () => source.value));
}

async function waitFor<T>(scope: RequestScope, source: Readable<T>): Promise<void> {
  await scope.markDynamic().catch((reason: unknown) => {
    notePrerenderedRead(reason, isSignal(source) ? `"${source.key}"` : "a computed value");
    throw reason;
  });
  const load = async ({ backend, key }: Read): Promise<void> => (await scope.snapshots.open(backend)).load([key]);
  // A computed may read more once it has seen the first values.
  for (let unknown = unknownReads(scope, source); unknown.length > 0; unknown = unknownReads(scope, source)) {
    await Promise.all(unknown.map(load));
  }
}

function unknownReads<T>(scope: RequestScope, source: Readable<T>): Read[] {
  return unknownOf(scope, isSignal(source) ? new Set([source as Readable<unknown>]) : evaluate(scope, source).reads);
}

function unknownOf(scope: RequestScope, reads: ReadonlySet<Readable<unknown>>): Read[] {
  return backendReads(reads).filter((read) => entryIn(scope, read).state === "unknown");
}

/** Before the render is known to belong to a request, it knows nothing: a prerender must not open a snapshot. */
function entryIn({ isDynamic, snapshots }: RequestScope, { backend, key }: Read): Entry {
  return (isDynamic ? snapshots.of(backend)?.entry(key).peek() : undefined) ?? unknownEntry;
}

function backendReads(reads: ReadonlySet<Readable<unknown>>): Read[] {
  return [...reads].filter(isSignal).map((signal) => (signal as unknown as BackedSignal<unknown>).read);
}
