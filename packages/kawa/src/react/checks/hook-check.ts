import { processState } from "../../core/process/process-state.ts";
import { type AnySignal, isBacked } from "../../core/signal.ts";
import type { HookPlace } from "./hook-place.ts";

/** Hooks of one render that are checked: each of them waits once more. */
const maxChecked = 200;

const counts = new WeakMap<object, number>();

/** Who reads: components that React runs again, or an async function too. */
type Readers = NonNullable<AnySignal["readBy"]>;
type KnownReaders = { readonly computed: WeakMap<object, Readers>; readonly streams: Map<string, Readers> };

/** Of what is no signal; a signal says it itself. */
const known = processState<KnownReaders>("hook-readers", () => ({ computed: new WeakMap(), streams: new Map() }));

/** What a hook reads: a signal or computed, or the place of an inline stream, whose signal is another object each time. */
export type HookSource = object | string;

/** Whether hooks that read it need no check. */
export function isChecked(source: HookSource): boolean {
  return readersOf(source) === "components";
}

/**
 * Whether a hook has to wait although its value is known. In an async function it would else work for as long as others have read the
 * same, and fail after the next restart. In development every hook waits once, in production the first of each source.
 */
export function isToBeChecked(place: HookPlace, render: object, source: HookSource): boolean {
  if (place.hasWaited) return false;
  if (isChecked(source)) return false;
  const count = (counts.get(render) ?? 0) + 1;
  counts.set(render, count);
  return count <= maxChecked;
}

export function noteReader(source: HookSource, isComponent: boolean): void {
  // In development each of them is checked, so nothing of it is kept, and nobody who reads has to ask which of the two this is.
  if (isComponent && (process.env.NODE_ENV === "development" || readersOf(source))) return;
  const readers = isComponent ? "components" : "async";
  if (typeof source === "string") known.streams.set(source, readers);
  else if (isBacked(source)) source.readBy = readers;
  else known.computed.set(source, readers);
}

function readersOf(source: HookSource): Readers | undefined {
  if (typeof source === "string") return known.streams.get(source);
  return isBacked(source) ? source.readBy : known.computed.get(source);
}
