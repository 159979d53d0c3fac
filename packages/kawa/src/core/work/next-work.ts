import { detached } from "../process/detached.ts";
import { processState } from "../process/process-state.ts";

/** What Next knows of the route whose code is running. */
export type NextWork = {
  /** The running page or route handler, such as `/posts/[id]/page` or `/sitemap.xml/route`. */
  readonly page: string;
  readonly route: string;
  /** Names of what `next build` has made, and of its deployment where it has one. */
  readonly buildId?: string;
  readonly deploymentId?: string;
  readonly forceStatic?: boolean;
  readonly dynamicShouldError?: boolean;
  readonly cacheComponentsEnabled?: boolean;
  readonly isDraftMode?: boolean;
  readonly isBuildTimePrerendering?: boolean;
  /** Results of functions in `"use cache"` during this request. Next gives them again. */
  readonly completedCacheInvocations?: Map<string, unknown>;
};

/** What Next is doing with the route: it answers a request, prerenders, or fills a cache. */
export type NextUnit = {
  readonly type: string;
  readonly phase?: string;
  readonly functionName?: string;
  /** For `revalidatePath`: one of the tags names the path of the page, as it is after all rewrites. */
  readonly implicitTags?: { readonly tags: readonly string[] };
  /** Headers of the request that is answered. */
  readonly headers?: { get(name: string): string | null };
  readonly url?: { readonly pathname: string; readonly search?: string };
  /** Tags of the entry that `"use cache"` is making, with those of all entries that it was made of. */
  tags?: string[] | null;
  /** For how long browsers may show the entry without asking, in seconds. */
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

/** True while `next build` evaluates modules and prerenders: no visitor has asked for what runs then. */
export function isNextBuild(): boolean {
  return process.env["NEXT_PHASE"] === "phase-production-build";
}

/** What Next is doing. Undefined outside of what Next runs, and where Next has no such stores. */
export function nextWork(): { readonly work: NextWork; readonly unit: NextUnit | undefined } | undefined {
  const stores = nextStores();
  const work = stores?.work.getStore();
  return work && { work, unit: stores?.unit.getStore() };
}

/** The build whose code runs, as Next compares it with that of a page. Undefined outside of Next. */
export function servedBuild(): string | undefined {
  const work = nextWork()?.work;
  return work?.deploymentId || work?.buildId;
}

/**
 * Runs `fn` as it would have run before the answer was sent. Afterwards Next does not tell code of a page any more who has asked, and
 * tells code of a route handler only what the request has brought, and not whom the handler has signed in.
 */
export function asInRequest<R>(fn: () => R): R {
  const stores = nextStores();
  const unit = stores?.unit.getStore();
  if (!stores || unit?.type !== "request" || unit.phase !== "after") return fn();
  const before = stores.afterTask.getStore()?.rootTaskSpawnPhase ?? (stores.action.getStore() ? "action" : "render");
  return stores.unit.run(Object.create(unit, { phase: { value: before } }) as NextUnit, fn);
}

/** Fields of a request that tell nothing of the visitor. `connection` tells only that there is a request. */
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
      // Next keeps its answers to all questions in one object, the harmless ones too.
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
 * Returns a function that runs something for all requests alike: as far as the app can tell, it runs outside of the one that is being
 * answered, and `onAsked` is called when the app asks Next who has asked. Undefined where that would not be noticed, and for a visitor who
 * sees drafts.
 */
export function outsideOfRequest(onAsked: () => void): (<R>(fn: () => R) => R) | undefined {
  const stores = nextStores();
  const work = stores?.work.getStore();
  const unit = stores?.unit.getStore();
  if (!stores || !work || work.isDraftMode || unit?.type !== "request") return undefined;
  // Where `detached` was called first within a request, it leads back into that one.
  if (detached(() => stores.work.getStore() ?? stores.unit.getStore())) return undefined;
  return (fn) => detached(() => stores.work.run(work, () => stores.unit.run(watched(unit, onAsked), fn)));
}

/**
 * Says that what `"use cache"` is making depends on a request. For a prerender Next then leaves it out, as it does with a component that
 * waits for a request; where a request is answered nothing changes. False where Next cannot be told.
 */
export function leaveOutOfPrerender(reason: Error): boolean {
  const abort = nextStores()?.abortOnDynamicAccess;
  abort?.("runtime", reason);
  return abort !== undefined;
}

/** Next's own stores: its public functions that tell where code runs also end the prerender that it runs in. */
export function nextStores(): NextStores | undefined {
  // Next's modules read it when they are loaded, so to load them before Next has set it would break Next.
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
