import { AsyncLocalStorage } from "node:async_hooks";
import { cache, cacheSignal } from "react";
import { nextWork, type NextWork } from "../../core/work/next-work.ts";
import { processState } from "../../core/process/process-state.ts";
import { renderSignals } from "../../core/work/render-writes.ts";
import { staticRefusal } from "../../core/work/static-refusal.ts";
import { takeMarkers } from "./cached-marker.ts";
import { CachedReads, findCachedReads, unknownRead } from "./cached-reads.ts";
import { CachedScope } from "./cached-scope.ts";
import { keepCacheLive } from "./live-cache.ts";
import { RequestScope } from "./render-scope.ts";

renderSignals.add(cacheSignal);

const scopeOfRequest: () => RequestScope = cache(() => {
  const scope = createScope();
  cacheSignal()?.addEventListener("abort", () => scope.end(), { once: true });
  return scope;
});

/** The render of the request that this is the work of. Functions in `"use cache"` run outside of it, and are to see what it sees. */
const pages = processState("page-scopes", () => new WeakMap<NextWork, RequestScope>());

function createScope(): RequestScope {
  watchCache();
  const { work, unit } = nextWork() ?? {};
  if (work && unit?.type === "cache") return new CachedScope({ work, unit, page: pages.get(work) });
  const scope = new RequestScope();
  if (work && unit?.type === "request") pages.set(work, scope);
  return scope;
}

type OtherScopes = { running: AsyncLocalStorage<RequestScope> | undefined };

/** Nothing is asked until somebody has run something in a scope of its own. */
const otherScopes = processState<OtherScopes>("request-scopes", () => ({ running: undefined }));

/** The scope of the render that is running. */
export function requestScope(): RequestScope {
  return otherScopes.running?.getStore() ?? scopeOfRequest();
}

/** As {@link requestScope}; undefined where nothing is rendered. */
function scopeHere(): RequestScope | undefined {
  const signal = cacheSignal();
  return otherScopes.running?.getStore() ?? (signal && !signal.aborted ? scopeOfRequest() : undefined);
}

/** Where Next keeps what is shown, and asks nobody later. */
const keeping = new Set(["unstable-cache", "prerender-legacy", "build-time-generator"]);

/** Of a process that has forgotten what it was made of: it has to be shown anew. */
const unknownReads = new CachedReads();
unknownReads.add(unknownRead);
unknownReads.finish();

/** Something cached is shown that has read signals. */
function noteCached(id: string): void {
  const { type } = nextWork()?.unit ?? {};
  if (type !== undefined && keeping.has(type)) throw staticRefusal('What "use cache" has made of a signal was shown');
  if (type?.startsWith("prerender")) return;
  scopeHere()?.noteCached(findCachedReads(id) ?? unknownReads);
}

/** Next registers cache handlers late, and once more after an edit. */
function watchCache(): void {
  keepCacheLive(scopeHere);
  takeMarkers(noteCached);
}

watchCache();

/** While `fn` runs, and in all that it awaits, `scope` is that of the render. */
export function runInScope<R>(scope: RequestScope, fn: () => R): R {
  otherScopes.running ??= new AsyncLocalStorage();
  return otherScopes.running.run(scope, fn);
}

/**
 * Has the render that is running read the newest versions from now on: for one that lasts longer than what it shows, such as
 * that of a server action which yields JSX again and again. What an earlier yield still renders then reads them too.
 */
export function renewSnapshots(): void {
  requestScope().renew();
}
