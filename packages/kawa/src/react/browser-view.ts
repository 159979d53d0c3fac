import { guardedEffect, untracked } from "#platform";
import { browserBackend } from "../browser/global-backend.ts";
import { loadUnknown } from "../core/backend/load-unknown.ts";
import { collectReads, type Read, type Readable, readAs } from "../core/backend/reads.ts";
import { isBacked } from "../core/signal.ts";
import { ready } from "./checks/fulfilled.ts";

/** What React needs of a signal or computed in a browser. */
export type BrowserView<T> = {
  /** A promise for `use()`: pending until the value is known. */
  readonly ready: () => Promise<void>;
  /** A promise for `use()` where an unknown value is shown in another way: pending only while a navigation waits for newer values. */
  readonly fresh: () => Promise<void>;
  readonly subscribe: (listener: () => void) => () => void;
  readonly get: () => T;
  /** The value that the HTML of the page shows, for hydration. */
  readonly getHydrated: () => T;
};

const views = new WeakMap<object, BrowserView<unknown>>();

/** A read that has failed is not tried again for this long: until then React has told an error boundary. In milliseconds. */
const failedMs = 1_000;

/** The same view for each render: React needs the same functions and promises again. */
export function viewOf<T>(source: Readable<T>): BrowserView<T> {
  let view = views.get(source) as BrowserView<T> | undefined;
  if (!view) views.set(source, (view = createView(source)));
  return view;
}

function createView<T>(source: Readable<T>): BrowserView<T> {
  const backend = browserBackend();
  const hydrated = {
    entry: (key: string) => backend.hydratedEntry(key),
    load: (keys: readonly string[]) => backend.load(keys),
  };
  let loading: Promise<void> | undefined;
  let computedHydrated: { readonly value: T } | undefined;

  const freshen = (): Promise<void> | undefined => {
    const old = backend.oldOf(
      readsOf(source)
        .filter((read) => read.backend.id === backend.id)
        .map(({ key }) => key),
    );
    return old.length > 0 ? backend.freshen(old) : undefined;
  };
  const end = (): void => (loading = undefined);
  const wait = (work: Promise<void>): Promise<void> =>
    (loading = work.then(end, (error) => {
      setTimeout(end, failedMs);
      throw error;
    }));
  const load = (): Promise<void> =>
    loadUnknown(
      () => unknownOf(readsOf(source)),
      (read) => read.backend.load([read.key]),
    ).then(freshen);
  const fresh = (): Promise<void> => {
    backend.hydrate();
    if (loading) return loading;
    const started = freshen();
    // Outside of an update of the page React would replace what is there by a fallback.
    return started && backend.rendered.isUpdating ? wait(started) : ready;
  };
  const readHydrated = (): T =>
    readAs(
      (from) => (from.id === backend.id ? hydrated : from),
      () => source.peek(),
    );
  return {
    ready() {
      backend.hydrate();
      if (!loading && unknownOf(readsOf(source)).length > 0) return wait(load());
      return loading ?? fresh();
    },
    fresh,
    subscribe: (listener) => {
      if (isBacked(source) && source.exposure?.expose === "write") backend.prepareWrites();
      return guardedEffect(source, () => {
        try {
          void source.value;
        } catch {
          // It throws again in the render, where an error boundary shows it.
        }
        untracked(listener);
      });
    },
    get: () => source.peek(),
    // A computed value may be a new object each time: it is kept.
    getHydrated: () => (isBacked(source) ? readHydrated() : (computedHydrated ??= { value: readHydrated() }).value),
  };
}

function readsOf(source: Readable<unknown>): Read[] {
  return (isBacked(source) ? [source] : [...collectReads(() => source.value).reads].filter(isBacked)).map(
    ({ read }) => read,
  );
}

function unknownOf(reads: readonly Read[]): Read[] {
  return reads.filter(({ backend, key }) => backend.entry(key).peek().state === "unknown");
}
