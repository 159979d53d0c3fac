import { type NextRequest, NextResponse } from "next/server";
import { askedHeader } from "../../core/work/refresh-requests.ts";
import { createRenderId, renderHeader } from "../../react/render/render-id.ts";
import { renderTimingName } from "../protocol/stream-protocol.ts";

/**
 * Names the render that answers this request, to the server that renders and to the browser that shows it: so that a browser
 * hears only of changes that its page has read, also after a navigation that keeps its layouts. A name that the browser sent
 * is dropped. For a middleware of your own; `createMiddleware` does it too.
 *
 * @param respond answers the request, which has the name in its headers: pass them on. @default goes on to the page
 *
 * @example
 * export function middleware(request: NextRequest) {
 *   return withRenderId(request);
 * }
 *
 * @example
 * export function middleware(request: NextRequest) {
 *   const to = new URL(`/de${request.nextUrl.pathname}`, request.url);
 *   return withRenderId(request, (named) => NextResponse.rewrite(to, { request: named }));
 * }
 */
export function withRenderId(request: NextRequest, respond: (named: NextRequest) => NextResponse = goOn): NextResponse {
  const timing = nameRender(request);
  const response = respond(request);
  response.headers.append("server-timing", timing);
  return response;
}

/**
 * Tells the render its name. Returns the `Server-Timing` for the browser: Next hands the answer to a navigation to no other code, but the
 * browser reads the header from its list of requests. The render is also told what was asked for, whatever it is rewritten to.
 */
export function nameRender({ headers, url }: NextRequest): string {
  const id = createRenderId();
  headers.set(renderHeader, id);
  const { pathname, search } = new URL(url);
  // A rewrite to another name of this host comes through the middleware once more. The header grants nothing, also when a browser has set
  // it.
  if (!headers.has(askedHeader)) headers.set(askedHeader, pathname + search);
  return `${renderTimingName};desc="${id}"`;
}

export function goOn(request: NextRequest): NextResponse {
  return NextResponse.next({ request });
}
