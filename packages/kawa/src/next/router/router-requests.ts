import type { RequestHeaders as RouterHeaders } from "next/dist/client/components/router-reducer/fetch-server-response.js";
import { setCacheBustingSearchParam } from "next/dist/client/components/router-reducer/set-cache-busting-search-param.js";
import { valuePort } from "../../browser/value-port.ts";
import { routeAddress } from "../protocol/route-address.ts";
import { renderTimingName } from "../protocol/stream-protocol.ts";
import type { ReceivedRender } from "./shown-renders.ts";

type Fetch = typeof window.fetch;
type Header = "rsc" | "next-url" | "next-action" | "next-router-prefetch" | "next-router-segment-prefetch";
type RequestHeaders = Partial<Record<Header, string>>;
type Init = { readonly headers?: RequestHeaders; readonly priority?: string; readonly body?: unknown };

/** A result of an action that is not on the screen after this long is no longer waited for, in milliseconds. */
const unsettledMs = 10_000;

/** A render that begins to arrive; or `broken`: the connection of one that is shown has failed, so it stays incomplete. */
export type RouterNews = ReceivedRender | "broken";

const listeners = new Set<(news: RouterNews) => void>();
/** News from before the first listener. */
const answers: RouterNews[] = [];
let installed: Fetch | undefined;
/** The `fetch` that wraps {@link installed}, once it has been seen to call it. */
let proven: Fetch | undefined;
/** Server actions without an answer. */
let pendingCount = 0;
/** The network failed during an action: Next sends the action again, and does not say when. */
let isRepeating = false;
let unsettledUntil = 0;
/** Arguments of an action of Kawa's own that asks for a render: they begin with an id as `randomId` makes it. */
const ofRefresh = /^\["\d+-\d+-\d+-\d+"/;

/**
 * Watches the requests of Next's router, which has no event for the start of an action or for the render that an answer brings. It changes
 * two things: the `next-url` header of a page that is asked for from itself ({@link askForPage}), and how a broken answer ends
 * ({@link unbroken}).
 */
export function installRouterRequests(): void {
  window.fetch = installed = new Proxy(window.fetch, {
    apply(target, self, args: Parameters<Fetch>) {
      const { headers, priority, body } = (args[1] ?? {}) as Init;
      const send = (): Promise<Response> => Reflect.apply(target, self, args) as Promise<Response>;
      if (headers?.["next-action"]) {
        const answer = send();
        noteAction(answer);
        return ofRefresh.test(String(body)) ? answer.then(unbroken) : answer;
      }
      // An answer with nothing but the tree of a route shows nothing.
      if (!headers?.rsc || headers["next-router-segment-prefetch"] === "/_tree") return send();
      const isWhole = !headers["next-router-prefetch"];
      const isShown = isWhole && priority !== "low";
      const answer = isShown ? askForPage(args[0] as URL, headers, send) : send();
      noteRender(answer, isShown, isWhole);
      return isShown ? answer.then(unbroken) : answer;
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

/**
 * An answer that does not end when its connection breaks, once Next has shown a part of it: the error would replace the page, with all that
 * was typed into it. Listeners are told, and ask for a render that replaces it.
 */
function unbroken(answer: Response): Response {
  if (!answer.body || listeners.size === 0) return answer;
  const decoder = new TextDecoder();
  // Until the root of the page has come, Next asks again by itself.
  let head: string | undefined = "";
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, to) {
      if (head !== undefined) head += decoder.decode(chunk, { stream: true });
      if (/(^.?|\n)0:.*\n/.test(head ?? "")) head = undefined;
      to.enqueue(chunk);
    },
  });
  answer.body.pipeTo(writable, { preventAbort: true }).catch((error) => {
    if (head === undefined) tell("broken");
    else writable.abort(error).catch(() => {});
  });
  return Object.defineProperties(new Response(readable, answer), {
    url: { value: answer.url },
    redirected: { value: answer.redirected },
  });
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
