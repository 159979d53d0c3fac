import { use } from "react";
import { type Backend, type Entry, type Reader, unknownEntry } from "../core/backend/backend.ts";
import { KawaError } from "../core/errors/errors.ts";
import { isClientRendering } from "../core/work/is-client-rendering.ts";
import { localBackend } from "../core/memory/memory-backend.ts";
import { cell } from "../core/process/reactive.ts";
import type { StreamStart } from "../core/streams/reactive-stream.ts";
import { loadUnknown } from "../core/backend/load-unknown.ts";
import { type Collected, collectReads, noteRead, type Read, type Readable, readAs } from "../core/backend/reads.ts";
import { clientRenders } from "../core/work/render-writes.ts";
import { type AnySignal, isBacked } from "../core/signal.ts";
import type { ValueRow } from "../browser/value-protocol.ts";
import { toValueRow } from "../browser/value-row.ts";
import { checkExposed } from "./check-exposed.ts";
import { sharedSnapshots } from "./render/client-snapshots.ts";
import { ready } from "./checks/fulfilled.ts";
import { leaveForRequest, noRender } from "./render/prerender.ts";
import { RenderSnapshots } from "./render/render-snapshots.ts";
import { type ClientValues, ClientValuesContext } from "./values-context.ts";

clientRenders.add(isClientRendering);

/**
 * The current value of a signal or computed in a client component, where a server makes the HTML: the value that the server
 * components of the page show. `use-reactive.browser.ts` is the half of browsers.
 *
 * @throws {KawaError} NOT_EXPOSED - the signal's definition lets no browser read it
 * @throws {KawaError} CONTEXT_UNSUPPORTED - there is no `<LiveUpdates>` around the component
 */
export function useReactive<T>(source: Readable<T>): T;
export function useReactive<T>(initial: T, start: StreamStart<T>, deps: readonly unknown[]): T;
export function useReactive<T>(source: Readable<T> | T, start?: StreamStart<T>): T {
  if (typeof start === "function") {
    throw unsupported("Only server components start inline streams. Read it there, and pass the value as a prop.");
  }
  const values = use(ClientValuesContext);
  if (!values) {
    throw unsupported(
      "useReactive() in a client component needs <LiveUpdates> around the page: write " +
        "<LiveUpdates>{children}</LiveUpdates> in the root layout. Outside of React, use `await signal.get()`.",
    );
  }
  const render = use(values.render);
  if (render === noRender) use(leaveForRequest());
  const snapshots = sharedSnapshots(render) ?? lateSnapshots(values);
  const { reads, result } = evaluate(snapshots, source as Readable<T>);
  const signals = exposedSignals(reads);
  use(signals.every((signal) => isKnown(snapshots, signal)) ? ready : load(snapshots, source as Readable<unknown>));
  for (const signal of signals) values.give(rowOf(snapshots, signal));
  return result();
}

/** A signal without a key is a browser's own: the HTML shows its default. */
const unset: Reader = { entry: () => cell<Entry>({ state: "absent", seq: 0 }), load: async () => {} };

function evaluate<T>(snapshots: RenderSnapshots, source: Readable<T>): Collected<T> {
  const readerOf = (backend: Backend): Reader =>
    backend === localBackend() ? unset : (snapshots.of(backend) ?? backend);
  return collectReads(() =>
    readAs(readerOf, () => {
      if (!isBacked(source)) return source.value;
      noteRead(source);
      return source.peek();
    }),
  );
}

/** @throws {KawaError} NOT_EXPOSED - one of them is not for browsers */
function exposedSignals(reads: Collected<unknown>["reads"]): AnySignal[] {
  const signals = [...reads].filter(isBacked).filter(({ backend }) => backend !== localBackend());
  signals.forEach(checkExposed);
  return signals;
}

function isKnown(snapshots: RenderSnapshots, { backend, key }: Read): boolean {
  return (snapshots.of(backend)?.peek(key) ?? unknownEntry).state !== "unknown";
}

function load(snapshots: RenderSnapshots, source: Readable<unknown>): Promise<void> {
  return loadUnknown(
    () => exposedSignals(evaluate(snapshots, source).reads).filter((signal) => !isKnown(snapshots, signal)),
    async ({ backend, key }) => (await snapshots.open(backend)).load([key]),
  );
}

function rowOf(snapshots: RenderSnapshots, signal: AnySignal): ValueRow {
  const { backend, key } = signal;
  const snapshot = snapshots.of(backend)!;
  return toValueRow(signal, snapshot.peek(key), { epoch: snapshot.version.epoch, isGuarded: backend.isGuarded });
}

/** Snapshots for a page whose render this process does not know any more. */
const late = new WeakMap<ClientValues, RenderSnapshots>();

function lateSnapshots(values: ClientValues): RenderSnapshots {
  let snapshots = late.get(values);
  if (!snapshots) late.set(values, (snapshots = new RenderSnapshots()));
  return snapshots;
}

function unsupported(message: string): KawaError {
  return new KawaError("CONTEXT_UNSUPPORTED", message);
}
