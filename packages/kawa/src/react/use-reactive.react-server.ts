import { use } from "react";
import { collectReads, type Readable } from "../core/reads.ts";
import { type BackedSignal, isSignal } from "../core/signal.ts";
import { type RequestScope, requestScope } from "./request-scope.ts";

// React replays a suspended component and hands out the promises of its `use()` calls again by their order, so every
// useReactive has to call use() exactly once, also when it has nothing to wait for.
const ready = Promise.resolve() as Promise<void> & { status?: string; value?: undefined };
ready.status = "fulfilled";
ready.value = undefined;

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
export function useReactive<T>(source: Readable<T>): T {
  const scope = requestScope();
  use(scope.isDynamic && isReady(source) ? ready : waitFor(scope, source));
  return read(scope, source);
}

function read<T>(scope: RequestScope, source: Readable<T>): T {
  if (isSignal(source)) {
    const { backend, key } = (source as BackedSignal<T>).read;
    scope.noteRead(backend, key);
    return source.peek() as T;
  }
  const { reads, result } = collectReads(() => source.value);
  for (const { backend, key } of backendReads(reads)) scope.noteRead(backend, key);
  return result();
}

function isReady<T>(source: Readable<T>): boolean {
  if (isSignal(source)) {
    const { backend, key } = (source as BackedSignal<T>).read;
    return backend.entry(key).peek().state !== "unknown";
  }
  return unknownReads(source).length === 0;
}

async function waitFor<T>(scope: RequestScope, source: Readable<T>): Promise<void> {
  await scope.markDynamic();
  // A computed may read more once it has seen the first values.
  for (let unknown = unknownReads(source); unknown.length > 0; unknown = unknownReads(source)) {
    await Promise.all(unknown.map(({ backend, key }) => backend.load([key])));
  }
}

function unknownReads<T>(source: Readable<T>) {
  const reads = isSignal(source) ? new Set([source as Readable<unknown>]) : collectReads(() => source.value).reads;
  return backendReads(reads).filter(({ backend, key }) => backend.entry(key).peek().state === "unknown");
}

function backendReads(reads: ReadonlySet<Readable<unknown>>) {
  return [...reads].filter(isSignal).map((signal) => (signal as unknown as BackedSignal<unknown>).read);
}
