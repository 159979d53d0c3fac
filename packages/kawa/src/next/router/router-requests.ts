import type { RequestHeaders as RouterHeaders } from "next/dist/client/components/router-reducer/fetch-server-response.js";
import { getNavigationBuildId } from "next/dist/client/navigation-build-id.js";
import { setCacheBustingSearchParam } from "next/dist/client/components/router-reducer/set-cache-busting-search-param.js";
import { valuePort } from "../../browser/value-port.ts";
import { routeAddress } from "../protocol/route-address.ts";
import { renderTimingName } from "../protocol/stream-protocol.ts";
import { arrivedAnswer } from "./arrived-answer.ts";
import { askOwnBuild, type Attempt } from "./own-build.ts";
import type { ReceivedRender } from "./shown-renders.ts";
import { handOver, wholePrefetch } from "./whole-prefetch.ts";

type Fetch = typeof window.fetch;
type Header = "rsc" | "next-url" | "next-action" | "next-router-prefetch" | "next-router-segment-prefetch";
type RequestHeaders = Partial<Record<Header, string>>;
type Init = { readonly headers?: RequestHeaders; readonly priority?: string; readonly body?: unknown };

/** What a refresh renders: the page alone, or also its layouts. */
type Refreshing = "page" | "route" | "anew" | false | undefined;

/** A result of an action that is not on the screen after this long is no longer waited for, in milliseconds. */
const unsettledMs = 10_000;

/**
 * A render that begins to arrive; or `broken`: the connection of one that is shown has failed, so it stays incomplete. `lost` is the same of one
 * that was prefetched, which Next may also show in other pages.
 */
export type RouterNews = ReceivedRender | "broken" | "lost";

const listeners = new Set<(news: RouterNews) => void>();
/** News from before the first listener. */
const answers: RouterNews[] = [];
let installed: Fetch | undefined;
/** The `fetch` that wraps {@link installed}, once it has been seen to call it. */
let proven: Fetch | undefined;
/** How a refresh is made that Kawa has asked for and that is under way. */
let refreshing = (): Refreshing => false;
/** How many refreshes of each page alone were asked for: the last one takes the place of those before. */
const pageRefreshes: Record<string, number> = {};
/** Server actions without an answer. */
let pendingCount = 0;
/** The network failed during an action: Next sends the action again, and does not say when. */
let isRepeating = false;
let unsettledUntil = 0;
/** Ends what refreshes wait for: see {@link askAgain}. */
let waiting = new AbortController();
/** Arguments of actions of Kawa's own: they begin with an id as `randomId` makes it, or have it by a name where fragments are pushed. */
const ofKawa = /^\[(\{"tab":|)"\d+-\d+-\d+-\d+"/;

/**
 * Watches the requests of Next's router, which has no event for the start of an action or for the render that an answer brings. It changes
 * four things: the `next-url` header of a page that is asked for from itself ({@link askForPage}), how a broken answer ends
 * ({@link arrivedAnswer}), when the answer to a whole prefetch comes ({@link wholePrefetch}), and what answers of servers of another build do
 * ({@link askOwnBuild}).
 */
export function installRouterRequests(): void {
  window.fetch = installed = new Proxy(window.fetch, {
    apply(target, self, args: Parameters<Fetch>) {
      const { headers, priority, body } = (args[1] ?? {}) as Init;
      const sendAs = (init: unknown) => Reflect.apply(target, self, [args[0], init]) as Promise<Response>;
      const send = (): Promise<Response> => sendAs(args[1]);
      const sendRefresh = (): Promise<Response> => untilAnswered((signal) => sendAs({ ...args[1], signal }));
      if (headers?.["next-action"]) {
        handOver();
        const name = ofKawa.exec(String(body))?.[1];
        const answer =
          name === undefined
            ? askOwnBuild(() => tryAction(send), "click")
            : askOwnBuild(() => (name ? tryRender(send) : tryRender(sendRefresh, tellBroken)), "action");
        noteAction(answer);
        return answer;
      }
      // An answer with nothing but the tree of a route shows nothing.
      if (!headers?.rsc || headers["next-router-segment-prefetch"] === "/_tree") return send();
      const isWhole = !headers["next-router-prefetch"];
      const isShown = isWhole && priority !== "low";
      const url = args[0] as URL;
      const ask = (): Promise<Response> => askForPage(url, headers, refreshing() ? sendRefresh : send);
      const attempt = (): Promise<Attempt> => tryRender(ask, tellBroken);
      const page = pathOf(url.href);
      const isHere = (): boolean => page === pathOf(location.href);
      const step = isShown && isHere() && refreshing();
      // Once its page was left, nothing is shown of a refresh of the page alone; another page may build on layouts that a refresh brings.
      const number = step === "page" ? (pageRefreshes[page] = (pageRefreshes[page] ?? 0) + 1) : 0;
      const isWanted = (): boolean | undefined => (number === pageRefreshes[page] ? isHere() : undefined);
      const answer = isShown
        ? askOwnBuild(attempt, step ? "refresh" : "navigation", number ? isWanted : undefined)
        : isWhole
          ? wholePrefetch(send, () => tell("lost"))
          : send();
      noteRender(answer, isShown, isWhole);
      return answer;
    },
  });
}

/** True while the router's requests pass through here. False where another `fetch` wraps this one and was not seen to call it. */
export function seesRouter(): boolean {
  return installed !== undefined && (window.fetch === installed || window.fetch === proven);
}

/**
 * True while a navigation could discard an action of the app, and what it brings: Next gives up the action that is on its way. Also true
 * where the router's requests are not seen.
 */
export function mayDiscardAction(): boolean {
  return !seesRouter() || pendingCount > 0 || isRepeating || performance.now() < unsettledUntil;
}

/** Says how to know that what is asked for is a refresh, and no navigation. */
export function tellRefreshes(underWay: () => Refreshing): void {
  refreshing = underWay;
}

/** A refresh has waited for too long, as on a connection that is dead and has not failed: what it waits for is asked for again. */
export function askAgain(): void {
  waiting.abort();
  waiting = new AbortController();
}

/** The result of the last action is on the screen. */
export function settleActions(): void {
  unsettledUntil = 0;
}

/** Calls `listener` for what is rendered for Next's router, as soon as the answer begins. Returns its end. */
export function onRouterAnswer(listener: (news: RouterNews) => void): () => void {
  listeners.add(listener);
  for (const answer of answers.splice(0)) listener(answer);
  return () => void listeners.delete(listener);
}

async function untilAnswered(send: (signal: AbortSignal) => Promise<Response>): Promise<Response> {
  for (;;) {
    const { signal } = waiting;
    try {
      return await send(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

function noteAction(answer: Promise<Response>): void {
  const startTime = begin();
  pendingCount += 1;
  isRepeating = false;
  answer.then(
    ({ headers }) => {
      pendingCount -= 1;
      const redirect = headers.get("x-action-redirect");
      if (redirect ?? headers.get("x-action-revalidated")) unsettledUntil = performance.now() + unsettledMs;
      // Without a redirect, the page itself brings the id of the render.
      if (redirect !== null)
        tell({ id: renderIdOf(headers), url: pathOf(redirect.split(";")[0]!), startTime, isShown: true });
    },
    () => {
      pendingCount -= 1;
      isRepeating = true;
    },
  );
}

/**
 * After going back, and in a refresh, Next names the page itself as the one that the visitor came from (`next-url`). Its server would then
 * answer with an intercepting route, such as a modal over the page: so the header is left out.
 */
function askForPage(url: URL, headers: RequestHeaders, send: () => Promise<Response>): Promise<Response> {
  const ask = (): Promise<Response> => {
    valuePort().rendered.coming = url.href;
    return send();
  };
  const { "next-url": from } = headers;
  if (from === undefined || routeAddress(from) !== url.pathname) return ask();
  delete headers["next-url"];
  // The address carries a checksum of the headers; with a wrong one Next's server redirects.
  return setCacheBustingSearchParam(url, headers as RouterHeaders).then(ask);
}

/**
 * A whole page is prefetched with the headers of a navigation and a lower priority. Of an answer without a render id, listeners hear only
 * if it is shown, or is a whole page that was not prerendered.
 */
function noteRender(answer: Promise<Response>, isShown: boolean, isWhole: boolean): void {
  const startTime = begin();
  answer.then(
    ({ headers, url }) => {
      const id = renderIdOf(headers);
      if (id || isShown || (isWhole && !headers.get("x-nextjs-prerender")))
        tell({ id, url: pathOf(url), startTime, isShown });
    },
    () => {},
  );
}

/** @param onBreak where an answer does not end when its connection breaks ({@link arrivedAnswer}) */
async function tryRender(send: () => Promise<Response>, onBreak?: () => void): Promise<Attempt> {
  const answer = await tryAction(send);
  // A proxy that found no server has answered.
  if (answer.response.status > 501) return { ...answer, isForeign: true };
  if (answer.isForeign || !answer.response.body || listeners.size === 0) return answer;
  const { response, build } = await arrivedAnswer(answer.response, onBreak);
  return { response, isForeign: build !== undefined && build !== getNavigationBuildId() };
}

/** An action that a server does not know has not run. */
async function tryAction(send: () => Promise<Response>): Promise<Attempt> {
  const response = await send();
  return { response, isForeign: response.headers.has("x-nextjs-action-not-found") };
}

function tellBroken(): void {
  tell("broken");
}

function begin(): number {
  proven = window.fetch;
  return performance.now();
}

function tell(answer: RouterNews): void {
  if (listeners.size === 0) answers.push(answer);
  for (const listener of listeners) listener(answer);
}

/** The middleware runs for an action and again for the page that it redirects to, and names a render each time: the last one is shown. */
function renderIdOf(headers: Headers): string {
  const named = headers.get("server-timing")?.matchAll(new RegExp(`${renderTimingName};desc="([^"]*)"`, "g"));
  return [...(named ?? [])].at(-1)?.[1] ?? "";
}

/** Path and query of an address, without the parameter that Next adds. */
export function pathOf(address: string): string {
  const { pathname, search } = new URL(address, location.href);
  return pathname + search.replace(/[?&]_rsc=[^&]*/, "").replace(/^&/, "?");
}
