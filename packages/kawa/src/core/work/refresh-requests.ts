import type { NextUnit } from "./next-work.ts";
import { processState } from "../process/process-state.ts";

/** Header in which the middleware tells what the browser has asked for, before anything was rewritten. */
export const askedHeader = "x-kawa-asked";

/** Headers of requests that only show again what a tab shows already. */
const refreshes = processState("refresh-requests", () => new WeakSet<object>());

/** Ids of Kawa's own server actions, which only show a page again. There are two, with other ids in each build. */
const refreshActions = processState("refresh-actions", () => new Set<string>());

/** Notes that the request which is answered only shows again what a tab shows already. */
export function markRefresh(headers: Headers): void {
  refreshes.add(headers);
  const action = headers.get("next-action");
  if (action !== null) refreshActions.add(action);
}

/** Whether a request is for a server action of the app. The middleware is asked before the action is. */
export function isForAction(headers: NextUnit["headers"]): boolean {
  const action = headers?.get("next-action") ?? null;
  return action !== null && !refreshActions.has(action);
}

export function isMarkedRefresh(headers: object | undefined): boolean {
  return headers !== undefined && refreshes.has(headers);
}

type AskedRequest = { readonly headers?: NextUnit["headers"] | undefined; readonly url?: NextUnit["url"] | undefined };

/** Which page has sent a request: the page that it asks for, as in a refresh of the page segment, or another one, as a link does. */
export type Sender = "itself" | "another" | "unknown";

export function senderOf({ headers, url }: AskedRequest): Sender {
  const sender = URL.parse(headers?.get("referer") ?? "");
  const asked = headers?.get(askedHeader) ?? (url && basePath() + url.pathname + (url.search ?? ""));
  const receiver = asked ? URL.parse(`http://host${asked}`) : undefined;
  if (!sender || !receiver) return "unknown";
  return addressOf(sender) === addressOf(receiver) ? "itself" : "another";
}

/** Next adds a parameter to what its router asks for. */
function addressOf({ pathname, searchParams }: URL): string {
  const asked = new URLSearchParams(searchParams);
  asked.delete("_rsc");
  return `${pathname.replace(/\/$/, "")}?${asked.toString()}`;
}

/** Next writes it into what it builds. */
function basePath(): string {
  return process.env.__NEXT_ROUTER_BASEPATH ?? "";
}
