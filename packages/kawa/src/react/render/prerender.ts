import { nextWork } from "../../core/work/next-work.ts";
import { processState } from "../../core/process/process-state.ts";
import { staticRefusal } from "../../core/work/static-refusal.ts";

/** By this digest Next recognises what ends a prerender and makes the route dynamic. */
const dynamicDigest = "DYNAMIC_SERVER_USAGE";

/** What the client components of a prerender find in place of the id of a render. */
export const noRender = "";

/** Work in whose first pass a client component has read a signal: the second pass then leaves it for the request. */
const readByClients = processState("prerendered-client-reads", () => new WeakSet<object>());

const never = new Promise<never>(() => {});

/** True where Next keeps what is rendered for whoever comes later, as at build time. What reads a signal there ends it, or waits. */
export function isPrerender(): boolean {
  const { work, unit } = nextWork() ?? {};
  if (!work || !unit) return false;
  // In development, and in a refresh, a route that is forced to be static is rendered for a request, which it may not see.
  return unit.type.startsWith("prerender") || (unit.type === "request" && isForced(work));
}

/** True when a client component of what is prerendered needs the values of a request. */
export function isReadByClients(): boolean {
  const work = nextWork()?.work;
  return work !== undefined && readByClients.has(work);
}

/**
 * A client component reads in a prerender: nobody has asked yet, so there is no value to show. Without `cacheComponents` this makes
 * the route dynamic; with it, what it returns never resolves.
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
  // An error alone would be lost in a `<Suspense>`, whose fallback Next would keep.
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
