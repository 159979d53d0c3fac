import { type NextRequest, NextResponse } from "next/server";
import { createRenderId, renderHeader } from "../../react/render-id.ts";
import { renderTimingName } from "../stream-protocol.ts";

/**
 * Names the render that answers this request, to the server that renders and to the browser that shows it: so that a browser
 * hears only of changes that its page has read, also after a navigation that keeps its layouts. A name that the browser sent
 * is dropped. For a middleware of your own; `createMiddleware` does it too.
 *
 * @example
 * export function middleware(request: NextRequest) {
 *   return withRenderId(request);
 * }
 */
export function withRenderId(request: NextRequest): NextResponse {
  const headers = new Headers(request.headers);
  const timing = nameRender(headers);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set("server-timing", timing);
  return response;
}

/**
 * Tells the render its name. Returns the `Server-Timing` for the browser: Next gives the answer to a navigation to nobody else,
 * but the browser reads this from its list of requests.
 */
export function nameRender(requestHeaders: Headers): string {
  const id = createRenderId();
  requestHeaders.set(renderHeader, id);
  return `${renderTimingName};desc="${id}"`;
}
