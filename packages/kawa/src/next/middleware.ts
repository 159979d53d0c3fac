import { type NextRequest, NextResponse } from "next/server";
import { createRenderId, renderHeader } from "../react/render-id.ts";
import { renderTimingName } from "./stream-protocol.ts";

/**
 * Names the render that answers this request, to the server that renders and to the browser that shows it: so that a browser
 * hears only of changes that its page has read, also after a navigation that keeps its layouts. A name that the browser sent
 * is dropped.
 *
 * @example
 * export function middleware(request: NextRequest) {
 *   return withRenderId(request);
 * }
 */
export function withRenderId(request: NextRequest): NextResponse {
  const id = createRenderId();
  const headers = new Headers(request.headers);
  headers.set(renderHeader, id);
  const response = NextResponse.next({ request: { headers } });
  // Next gives the answer to a navigation to nobody else: the browser reads this from its list of requests.
  response.headers.set("server-timing", `${renderTimingName};desc="${id}"`);
  return response;
}
