import { cacheSignal } from "react";
import { unlessAwaited } from "../core/process/reported-promise.ts";
import type { StreamStart } from "../core/streams/reactive-stream.ts";
import type { Readable } from "../core/backend/reads.ts";
import { KawaError } from "../core/errors/errors.ts";
import { loadFor, seenBy } from "./render/render-source.ts";
import type { RequestScope } from "./render/render-scope.ts";
import { requestScope } from "./render/request-scope.ts";
import { streamSignal } from "./render/stream-signal.ts";

/**
 * The current value of a signal or computed in an async server component. It makes the page live: the route becomes dynamic, and
 * `<LiveUpdates />` renders it again when the value changes. A component that is no async function writes `useReactive(signal)`,
 * which does the same.
 *
 * It can stand before and after other awaits, in `Promise.all`, in loops, in layouts, in `generateMetadata`, and in functions that
 * these call. Outside of a render, as in a server action, write `await signal.get()`.
 *
 * @throws {KawaError} BACKEND_TIMEOUT - the actor could not be reached; the nearest error boundary shows it
 * @throws {KawaError} CONTEXT_UNSUPPORTED - nothing is rendered here, or this is a client component, which writes `useReactive(signal)`
 * @example
 * export default async function Page() {
 *   const count = await read(counter);
 *   return <output>{count}</output>;
 * }
 */
export function read<T>(source: Readable<T>): Promise<T>;
/**
 * The value that `start` produces on the server for as long as somebody looks, as {@link useReactiveStream} has it.
 *
 * @example
 * const price = await read(0, (stream) => watchPrice(symbol, stream.set), [symbol]);
 */
export function read<T>(initial: T, start: StreamStart<T>, deps: readonly unknown[]): Promise<T>;
export function read<T>(source: Readable<T> | T, start?: StreamStart<T>, deps?: readonly unknown[]): Promise<T> {
  const signal = cacheSignal();
  if (!signal || signal.aborted) throw outsideOfRender();
  const scope = requestScope();
  if (typeof start !== "function") return reported(readIn(scope, source as Readable<T>));
  const stream = streamSignal({ hook: read, initial: source as T, start, deps });
  return reported(readIn(scope, stream.signal, () => stream.show()));
}

async function readIn<T>(scope: RequestScope, source: Readable<T>, onRead?: () => void): Promise<T> {
  // Which fragment reads is known now, and may not be known any more when the value is there.
  const into = scope.readsHere;
  let seen = seenBy(scope, source);
  while (!seen) {
    await loadFor(scope, source);
    seen = seenBy(scope, source);
  }
  seen.note(into);
  onRead?.();
  return seen.result();
}

/** Reports a failure that nobody awaits, unless Next itself has thrown it to end a prerender: such an error has a digest. */
function reported<T>(work: Promise<T>): Promise<T> {
  return unlessAwaited(work, (error) => {
    if (Object(error).digest === undefined) console.error("[kawa] read() failed and nobody awaited it:", error);
  });
}

function outsideOfRender(): KawaError {
  const error = new KawaError(
    "CONTEXT_UNSUPPORTED",
    "read() was called outside of a render, so it can make no page live. In a server action, a route handler " +
      "or after() write `await signal.get()`.",
  );
  Error.captureStackTrace(error, read);
  return error;
}
