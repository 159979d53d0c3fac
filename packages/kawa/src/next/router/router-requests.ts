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

/** What a tab has not shown after this long it never will. */
const unsettledMs = 10_000;

/** A render, or that one which is shown will never be whole: its connection has broken. */
export type RouterNews = ReceivedRender | "broken";

const listeners = new Set<(news: RouterNews) => void>();
/** What comes while nobody listens. */
const answers: RouterNews[] = [];
let installed: Fetch | undefined;
/** What stands in front of {@link installed}, and calls it. */
let proven: Fetch | undefined;
/** Server actions without an answer. */
let pendingCount = 0;
/** The network has failed under an action: Next sends it again, nobody knows when. */
let isRepeating = false;
let unsettledUntil = 0;
/** Arguments of an action of Kawa's own that asks for a render: they begin with an id as `randomId` makes it. */
const ofRefresh = /^\["\d+-\d+-\d+-\d+"/;

/**
 * Sees what Next's router asks for: Next tells nobody when an action starts or what answers bring. It changes two things: where a page says
 * that it was come to from (see {@link askForPage}), and how a broken answer ends (see {@link unbroken}).
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
      // The tree of a route alone shows nothing.
      if (!headers?.rsc || headers["next-router-segment-prefetch"] === "/_tree") return send();
      const isWhole = !headers["next-router-prefetch"];
      const isShown = isWhole && priority !== "low";
      const answer = isShown ? askForPage(args[0] as URL, headers, send) : send();
      noteRender(answer, isShown, isWhole);
      return isShown ? answer.then(unbroken) : answer;
    },
  });
}

/** False where this is not installed, and where something stands in front of it of which nobody knows whether it calls it. */
export function seesRouter(): boolean {
  return installed !== undefined && (window.fetch === installed || window.fetch === proven);
}

/**
 * True while a navigation could discard an action of the app, and what it brings: Next gives up the action that is on its way. Also
 * true where nobody can know.
 */
export function mayDiscardAction(): boolean {
  return !seesRouter() || pendingCount > 0 || isRepeating || performance.now() < unsettledUntil;
}

/** What the answer to an action has brought is on the screen. */
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
      // Only what changes its page is rendered by Next in another way, whose id comes with the page.
      if (redirect !== null)
        tell({ id: renderIdOf(headers), url: pathOf(redirect.split(";")[0]!), startTime, isShown: true });
    },
    () => {
      pendingCount -= 1;
      isRepeating = true;
    },
  );
}

/** Next says of a page that it was come to from itself when one goes back to it, or refreshes it, and is given a modal over it for that. */
function askForPage(url: URL, headers: RequestHeaders, send: () => Promise<Response>): Promise<Response> {
  const ask = (): Promise<Response> => {
    valuePort().floor.coming = url.href;
    return send();
  };
  const { "next-url": from } = headers;
  if (from === undefined || routeAddress(from) !== url.pathname) return ask();
  delete headers["next-url"];
  // Its address has a sum of the headers. With another one Next's server redirects.
  return setCacheBustingSearchParam(url, headers as RouterHeaders).then(ask);
}

/** What is prefetched whole is asked for as a navigation asks, only with less haste. Without a name it is of nobody's interest else. */
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
 * An answer that never ends where its connection breaks, once Next has shown something of it: what is missing would take the page away,
 * with all that was typed into it. Whoever listens is told, and asks for a render that replaces it.
 */
function unbroken(answer: Response): Response {
  if (!answer.body || listeners.size === 0) return answer;
  const decoder = new TextDecoder();
  // Before its root has come, Next asks again by itself.
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

/** A middleware that Next asks for an action and then for what it leads to has named both: the last one is shown. */
function renderIdOf(headers: Headers): string {
  const named = headers.get("server-timing")?.matchAll(new RegExp(`${renderTimingName};desc="([^"]*)"`, "g"));
  return [...(named ?? [])].at(-1)?.[1] ?? "";
}

/** Without what Next adds. */
export function pathOf(address: string): string {
  const { pathname, search } = new URL(address, location.href);
  return pathname + search.replace(/[?&]_rsc=[^&]*/, "").replace(/^&/, "?");
}
