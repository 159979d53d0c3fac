import { isInEffect } from "./effect-loops.ts";
import { isInternal } from "../backend/key.ts";
import { clip, KawaError } from "../errors/errors.ts";
import { type NextUnit, type NextWork, nextWork } from "./next-work.ts";
import { isOwnWork } from "./own-work.ts";
import { processState } from "../process/process-state.ts";
import { isInPublicRun, noteIdentityAsked } from "./public-run.ts";
import { isForAction, isMarkedRefresh, senderOf } from "./refresh-requests.ts";

/**
 * Each asks one copy of React for the render that the caller is a part of: a signal that is aborted when it ends. Next brings a copy
 * for pages and another one for route handlers.
 */
export const renderSignals: Set<() => AbortSignal | null> = processState("render-signals", () => new Set());

/** Each asks one copy of React whether a client component is being rendered into HTML. */
export const clientRenders: Set<() => boolean> = processState("client-renders", () => new Set());

/** Places whose writes were left out with a warning. Visitors choose keys, so there is a bound. */
const warned = processState("render-writes", () => new Set<string>());
const maxWarnings = 100;

/** What a render has started counts as its work for this long after its end, in milliseconds. A clock that it has started does not. */
const afterglowMs = 30_000;
const endedAt = new WeakMap<AbortSignal, number>();

/**
 * Whether a write must not happen, because it is made while a page is rendered. The page would be rendered again because of it, and
 * write again, in each of its tabs without end. So a render writes nothing in development, and in production only when it makes
 * a document: no refresh does. What a page does after its answer writes unless the page is a refresh.
 *
 * @param what - such as `update()`
 * @param by - the function that was called; its caller is to blame
 * @throws {KawaError} RENDER_WRITE - in development
 */
export function isLeftOut(what: string, key: string, by: (...args: never) => unknown): boolean {
  if (isOwnWork() || isInEffect() || isInternal(key)) return false;
  if (isInPublicRun()) {
    // The component is then rendered for each visitor, where the rules below hold.
    noteIdentityAsked();
    return true;
  }
  const isClient = [...clientRenders].some((isRendering) => isRendering());
  const render = isClient ? neverEnds : currentRender();
  const { work, unit } = nextWork() ?? {};
  if (unit?.type !== "request") return false;
  if (!render) {
    if (!isMiddleware(work!) || isForAction(unit.headers) || !isRefresh(unit)) return false;
    warn(work!, beforeRefresh(what, key), by);
    return true;
  }
  // A function of a server action that React calls, such as a generator, does the action's work.
  if (unit.phase === "action" && !isMarkedRefresh(unit.headers)) return false;
  if (render.aborted) {
    if (!isRefresh(unit) || isLongOver(render)) return false;
    warn(work!, afterRefresh(what, key, work!), by);
    return true;
  }
  const error = inRender(what, key, work!);
  if (process.env.NODE_ENV === "development") {
    Error.captureStackTrace(error, by);
    throw error;
  }
  const isDocument = unit.headers?.get("accept")?.includes("text/html") ?? false;
  warn(work!, error, by);
  return !isDocument;
}

/** The render of client components into HTML: it is made in one go, so it has not ended where it is asked. */
const neverEnds = { aborted: false } as AbortSignal;

function currentRender(): AbortSignal | undefined {
  for (const signalOf of renderSignals) {
    const signal = signalOf();
    if (signal) return signal;
  }
  return undefined;
}

/** True for a request of the router that the page itself has sent. A request without a sender may be one. */
function isRefresh(unit: NextUnit): boolean {
  const { headers } = unit;
  if (!headers || isMarkedRefresh(headers)) return true;
  return !headers.get("accept")?.includes("text/html") && senderOf(unit) !== "another";
}

/**
 * Next runs a middleware for each request, also for those that only show a page again. It gives it the page "/", which is none (its
 * `server/web/adapter`): those end with `/page` or `/route`.
 */
function isMiddleware({ page }: NextWork): boolean {
  return page === "/";
}

function isLongOver(render: AbortSignal): boolean {
  const now = performance.now();
  const since = endedAt.get(render);
  if (since === undefined) endedAt.set(render, now);
  return since !== undefined && now - since > afterglowMs;
}

function inRender(what: string, key: string, { route }: NextWork): KawaError {
  return new KawaError(
    "RENDER_WRITE",
    `${what} of "${clip(key)}" was called while "${route}" was rendered. A live page renders again after each change, so it ` +
      `would write without end. Write in a server action, a route handler or an effect; to count visits, in after() of the page.`,
    { data: { key } },
  );
}

function afterRefresh(what: string, key: string, { route }: NextWork): KawaError {
  return new KawaError(
    "RENDER_WRITE",
    `${what} of "${clip(key)}" was called after "${route}" was rendered. It is skipped if the page was only refreshed: it would ` +
      `refresh the page again. For other cases, write in a server action, a route handler or an effect.`,
    { data: { key } },
  );
}

function beforeRefresh(what: string, key: string): KawaError {
  return new KawaError(
    "RENDER_WRITE",
    `${what} of "${clip(key)}" was called in the middleware, for a request that only refreshes a page. It is skipped: it would refresh ` +
      `the page again. For other cases, write in a server action, a route handler or after() of the page.`,
    { data: { key } },
  );
}

function warn({ route }: NextWork, error: KawaError, by: (...args: never) => unknown): void {
  Error.captureStackTrace(error, by);
  const place = `${route}\n${error.stack?.split("\n").find((line) => line.trim().startsWith("at ")) ?? ""}`;
  if (warned.has(place) || warned.size >= maxWarnings) return;
  warned.add(place);
  console.warn("[kawa]", error);
}
