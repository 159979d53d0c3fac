import { nextWork } from "../../core/work/next-work.ts";
import { processState } from "../../core/process/process-state.ts";
import { staticRefusal } from "../../core/work/static-refusal.ts";

/** Next recognises by this digest an error that ends a prerender and makes the route dynamic. */
const dynamicDigest = "DYNAMIC_SERVER_USAGE";

/** The id of a render, as client components of a prerender find it. */
export const noRender = "";

/** Routes in whose first pass a client component has read a signal: the second pass leaves it for the request. */
const readByClients = processState("prerendered-client-reads", () => new WeakSet<object>());

const never = new Promise<never>(() => {});

/** True where Next keeps what is rendered for later visitors, as at build time. To read a signal there ends the prerender, or waits. */
export function isPrerender(): boolean {
  const { work, unit } = nextWork() ?? {};
  if (!work || !unit) return false;
  // In development and in a refresh, a route that is forced to be static is rendered for a request, but may not see it.
  return unit.type.startsWith("prerender") || (unit.type === "request" && isForced(work));
}

/** True when a client component of what is prerendered needs the values of a request. */
export function isReadByClients(): boolean {
  const work = nextWork()?.work;
  return work !== undefined && readByClients.has(work);
}

/**
 * Called when a client component reads in a prerender: no request has asked for the page yet, so there is no value to show. Without
 * `cacheComponents` it makes the route dynamic; with it, it returns a promise that never resolves.
 *
 * @throws {KawaError} RENDER_STATIC - the route is forced to be static
 */
export function leaveForRequest(): Promise<never> {
  const { work, unit } = nextWork() ?? {};
  if (!work || !unit || isForced(work)) throw staticRefusal("A signal was read in a client component");
  if (unit.type !== "prerender-legacy") {
    readByClients.add(work);
    return never;
  }
  // Without these the error would be lost in a `<Suspense>`, and Next would keep the fallback.
  Object.assign(unit, { revalidate: 0 });
  Object.assign(work, { dynamicUsageDescription: "useReactive()" });
  throw Object.assign(
    new Error(`Route ${work.route} reads a signal in a client component, so it is rendered for each request.`),
    {
      digest: dynamicDigest,
      description: "useReactive()",
    },
  );
}

function isForced({
  forceStatic,
  dynamicShouldError,
}: {
  forceStatic?: boolean;
  dynamicShouldError?: boolean;
}): boolean {
  return forceStatic === true || dynamicShouldError === true;
}
