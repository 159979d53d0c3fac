import type { StreamStart } from "../core/streams/reactive-stream.ts";
import type { Readable } from "../core/backend/reads.ts";
import { type BackedSignal, isBacked } from "../core/signal.ts";
import { noteCaller } from "./checks/async-callers.ts";
import { type HookSource, isChecked, isToBeChecked, noteReader } from "./checks/hook-check.ts";
import { type HookCall, latePlace, suspension, useHookPlace } from "./checks/hook-place.ts";
import { entryIn, loadFor, seenBy } from "./render/render-source.ts";
import type { RequestScope } from "./render/render-scope.ts";
import { requestScope } from "./render/request-scope.ts";
import { streamSignal } from "./render/stream-signal.ts";

/**
 * The current value of a signal or computed, in a component that is no async function; an async one writes `await read(signal)`.
 *
 * In a server component it suspends until this server knows the value, makes the route dynamic, and makes `<LiveUpdates />` render it
 * again when the value changes. In a client component the HTML shows the value that server components show, and what the browser
 * writes is shown at once.
 *
 * @throws {KawaError} BACKEND_TIMEOUT - the actor could not be reached; the nearest error boundary shows it
 * @throws {KawaError} CONTEXT_UNSUPPORTED - it was called in an async function, where nothing is rendered, or in a client component
 * without `<LiveUpdates>` around it
 * @throws {KawaError} NOT_EXPOSED - in a client component: the signal's definition lets no browser read it
 * @example
 * export default function Counter() {
 *   return <output>{useReactive(counter)}</output>;
 * }
 */
export function useReactive<T>(source: Readable<T>): T;
/**
 * The value that `start` produces on the server for as long as somebody looks: {@link useReactiveStream}. In server components only.
 *
 * @example
 * const time = useReactive("", (stream) => {
 *   const timer = setInterval(() => stream.set(new Date().toISOString()), 1_000);
 *   return () => clearInterval(timer);
 * }, []);
 */
export function useReactive<T>(initial: T, start: StreamStart<T>, deps: readonly unknown[]): T;
export function useReactive<T>(source: Readable<T> | T, start?: StreamStart<T>, deps?: readonly unknown[]): T {
  const stream =
    typeof start === "function" ? streamSignal({ hook: useReactive, initial: source as T, start, deps }) : undefined;
  const value = useSource(
    stream ? stream.signal : (source as Readable<T>),
    stream ? stream.place : (source as object),
    stream ? streamCall : ownCall,
  );
  stream?.show();
  return value;
}

const ownCall: HookCall = { hook: useReactive, name: "useReactive", instead: "await read(signal)" };
const streamCall: HookCall = { ...ownCall, instead: "await read(initial, start, deps)" };

/** @param checked under which the readers of the source are known: {@link HookSource} */
export function useSource<T>(source: Readable<T>, checked: HookSource, call: HookCall): T {
  const scope = requestScope();
  // A component may read thousands of signals whose values are known: nothing is made for these.
  // oxlint-disable-next-line react/rules-of-hooks -- either way calls use() once
  if (isChecked(checked) && isBacked(source)) return useChecked(scope, source, checked, call);
  const seen = seenBy(scope, source);
  // oxlint-disable-next-line react/rules-of-hooks -- either way calls use() once
  const place = useHookPlace(call, seen !== undefined && isChecked(checked));
  // Where there was no place, React has run the component before, so it is no async function.
  if (!seen || (place && isToBeChecked(place, scope, checked))) throw waitFor(scope, source, checked, call, place);
  if (!place) noteCallerIn(scope, call);
  seen.note(scope.readsHere);
  return seen.result();
}

function useChecked<T>(scope: RequestScope, signal: BackedSignal<T>, checked: HookSource, call: HookCall): T {
  const read = signal.read;
  const entry = entryIn(scope, read);
  const isKnown = entry.state !== "unknown";
  const place = useHookPlace(call, isKnown);
  if (!isKnown) throw waitFor(scope, signal, checked, call, place);
  noteCallerIn(scope, call);
  scope.noteRead(read.backend, read.key, entry, scope.readsHere);
  return signal.valueIn(entry);
}

/** Checks the caller; not in a run for all visitors, where async functions of Kawa call the components. */
function noteCallerIn(scope: RequestScope, call: HookCall): void {
  if (!scope.isForAll) noteCaller(call);
}

function waitFor<T>(
  scope: RequestScope,
  source: Readable<T>,
  checked: HookSource,
  call: HookCall,
  place = latePlace(scope.latePlaces, checked),
): Error {
  return suspension(
    place,
    call,
    () => loadFor(scope, source),
    (byReact) => noteReader(checked, byReact),
  );
}
