import { processState } from "../../core/process/process-state.ts";
import { type AnySignal, isBacked } from "../../core/signal.ts";
import type { HookPlace } from "./hook-place.ts";

/** Most hooks of one render that are checked: each of them waits once more. */
const maxChecked = 200;

const counts = new WeakMap<object, number>();

/** Who reads a source with hooks: only components, which React runs again, or an async function too. */
type Readers = NonNullable<AnySignal["readBy"]>;
type KnownReaders = { readonly computed: WeakMap<object, Readers>; readonly streams: Map<string, Readers> };

/** Readers of what is no signal; a signal holds its own. */
const known = processState<KnownReaders>("hook-readers", () => ({ computed: new WeakMap(), streams: new Map() }));

/** What a hook reads: a signal or computed value, or the place of an inline stream, whose signal is a new object each time. */
export type HookSource = object | string;

/** Whether hooks that read it need no check. */
export function isChecked(source: HookSource): boolean {
  return readersOf(source) === "components";
}

/**
 * Whether a hook has to wait although its value is known. Otherwise a hook in an async function would work while others have read the same,
 * and fail after the next restart. In development every hook waits once, in production the first one of each source.
 */
export function isToBeChecked(place: HookPlace, render: object, source: HookSource): boolean {
  if (place.hasWaited) return false;
  if (isChecked(source)) return false;
  const count = (counts.get(render) ?? 0) + 1;
  counts.set(render, count);
  return count <= maxChecked;
}

export function noteReader(source: HookSource, isComponent: boolean): void {
  // In development each hook is checked, so nothing is kept of components.
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
