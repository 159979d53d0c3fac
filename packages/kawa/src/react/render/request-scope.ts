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
  const signal = cacheSignal();
  signal?.addEventListener("abort", () => scope.end(signal.reason), { once: true });
  return scope;
});

/** The scope of the render of each request. Functions in `"use cache"` run outside of that render, and are to see what it sees. */
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

/** Undefined until something runs in a scope of its own: each look into async storage costs time. */
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

/** Kinds of work whose result Next keeps without asking a cache handler again. */
const keeping = new Set(["unstable-cache", "prerender-legacy", "build-time-generator"]);

/** Stands for what a cached result was made of, where this process has forgotten it: the result has to be made anew. */
const unknownReads = new CachedReads();
unknownReads.add(unknownRead);
unknownReads.finish();

/** Called when a cached result is shown that was made of signals. */
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
 * Has the running render read the newest versions from now on. For a render that shows several things one after the other, such as that of a
 * server action which yields JSX again and again. What an earlier yield still renders then reads the newest versions too.
 */
export function renewSnapshots(): void {
  requestScope().renew();
}
