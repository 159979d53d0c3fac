import { detached } from "../process/detached.ts";
import { processState } from "../process/process-state.ts";

/** What Next says about the route whose code is running. */
export type NextWork = {
  /** Such as `/posts/[id]/page` or `/sitemap.xml/route`. */
  readonly page: string;
  readonly route: string;
  readonly forceStatic?: boolean;
  readonly dynamicShouldError?: boolean;
  readonly cacheComponentsEnabled?: boolean;
  readonly isDraftMode?: boolean;
  readonly isBuildTimePrerendering?: boolean;
  /** What functions in `"use cache"` have given during this request, which Next gives again. */
  readonly completedCacheInvocations?: Map<string, unknown>;
};

/** What Next does with it: answers a request, prerenders, fills a cache. */
export type NextUnit = {
  readonly type: string;
  readonly phase?: string;
  readonly functionName?: string;
  /** For `revalidatePath`: one of the tags names the path of the page, as it is after all rewrites. */
  readonly implicitTags?: { readonly tags: readonly string[] };
  /** Of the request that is answered. */
  readonly headers?: { get(name: string): string | null };
  readonly url?: { readonly pathname: string; readonly search?: string };
  /** Of what `"use cache"` is going to keep, with those of all that it was made of. */
  tags?: string[] | null;
  /** For how long browsers may show it without asking, in seconds. */
  explicitStale?: number | undefined;
};

type Store<T> = { getStore(): T | undefined; run<R>(store: T, fn: () => R): R };

type NextStores = {
  readonly work: Store<NextWork>;
  readonly unit: Store<NextUnit>;
  readonly afterTask: Store<{ readonly rootTaskSpawnPhase: string }>;
  readonly action: Store<unknown>;
  readonly abortOnDynamicAccess?: ((reason: "runtime", error: Error) => void) | undefined;
};

/** `next build` evaluates modules and prerenders: nothing that runs then is asked by a visitor. */
export function isNextBuild(): boolean {
  return process.env["NEXT_PHASE"] === "phase-production-build";
}

/** Undefined outside of what Next runs, and where Next has no such stores. */
export function nextWork(): { readonly work: NextWork; readonly unit: NextUnit | undefined } | undefined {
  const stores = nextStores();
  const work = stores?.work.getStore();
  return work && { work, unit: stores?.unit.getStore() };
}

/**
 * Runs `fn` as it would have run before the answer was sent. Later Next tells code of a page no more who has asked, and code of a
 * route handler only what the request has brought, and not whom the handler has signed in.
 */
export function asInRequest<R>(fn: () => R): R {
  const stores = nextStores();
  const unit = stores?.unit.getStore();
  if (!stores || unit?.type !== "request" || unit.phase !== "after") return fn();
  const before = stores.afterTask.getStore()?.rootTaskSpawnPhase ?? (stores.action.getStore() ? "action" : "render");
  return stores.unit.run(Object.create(unit, { phase: { value: before } }) as NextUnit, fn);
}

/** Of what Next knows of a request, what says nothing of who has asked. `connection` is only that somebody has. */
const impersonal: ReadonlySet<PropertyKey> = new Set([
  "type",
  "phase",
  "implicitTags",
  "isHmrRefresh",
  "serverComponentsHmrCache",
  "stagedRendering",
  "cacheSignal",
  "connection",
  "resumeDataCache",
]);

function watched<T extends object>(store: T, onAsked: () => void): T {
  const note = (name: PropertyKey): void => void (impersonal.has(name) || onAsked());
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      // Next keeps the answers to all of its questions in one place, those to the harmless ones too.
      if (name === "asyncApiPromises") return value && watched(value, onAsked);
      note(name);
      return value;
    },
    has: (target, name) => {
      note(name);
      return Reflect.has(target, name);
    },
    ownKeys: (target) => {
      onAsked();
      return Reflect.ownKeys(target);
    },
  });
}

/**
 * For what is to be the same for all requests: runs something outside of the one that is being answered, as far as the app can tell, and
 * calls `onAsked` when it asks Next who has asked. Undefined where nobody would notice, and for a visitor who sees drafts.
 */
export function outsideOfRequest(onAsked: () => void): (<R>(fn: () => R) => R) | undefined {
  const stores = nextStores();
  const work = stores?.work.getStore();
  const unit = stores?.unit.getStore();
  if (!stores || !work || work.isDraftMode || unit?.type !== "request") return undefined;
  // Where the first request was the first to ask for a way out, it leads back into that one.
  if (detached(() => stores.work.getStore() ?? stores.unit.getStore())) return undefined;
  return (fn) => detached(() => stores.work.run(work, () => stores.unit.run(watched(unit, onAsked), fn)));
}

/**
 * Says that what `"use cache"` is making depends on a request: where that is for a prerender, Next leaves it out, as it does with a
 * component that waits for a request. It changes nothing where a request is answered. False where Next has no such thing.
 */
export function leaveOutOfPrerender(reason: Error): boolean {
  const abort = nextStores()?.abortOnDynamicAccess;
  abort?.("runtime", reason);
  return abort !== undefined;
}

/** No public function of Next tells where code runs without ending the prerender that it runs in. */
function nextStores(): NextStores | undefined {
  // Next's modules take it when they are loaded: whoever loads them before Next has set it breaks Next.
  if (!("AsyncLocalStorage" in globalThis)) return undefined;
  return processState("next-stores", loadStores);
}

function loadStores(): NextStores | undefined {
  try {
    const { createRequire } = process.getBuiltinModule("node:module");
    const load = createRequire(/*turbopackIgnore: true*/ `${process.cwd()}/next.config.js`);
    const storeOf = (name: string, member: string): unknown =>
      load(`next/dist/server/app-render/${name}.external.js`)[member];
    const stores = {
      work: storeOf("work-async-storage", "workAsyncStorage"),
      unit: storeOf("work-unit-async-storage", "workUnitAsyncStorage"),
      afterTask: storeOf("after-task-async-storage", "afterTaskAsyncStorage"),
      action: storeOf("action-async-storage", "actionAsyncStorage"),
    };
    if (!Object.values(stores).every(Boolean)) return undefined;
    return { ...(stores as NextStores), abortOnDynamicAccess: abortOf(load) };
  } catch {
    return undefined;
  }
}

function abortOf(load: (path: string) => Record<string, unknown>): NextStores["abortOnDynamicAccess"] {
  try {
    const { abortOnDynamicAccess } = load("next/dist/server/app-render/dynamic-access-async-storage.external.js");
    return abortOnDynamicAccess as NextStores["abortOnDynamicAccess"];
  } catch {
    return undefined;
  }
}
