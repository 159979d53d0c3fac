import { type NextRequest, NextResponse } from "next/server";
import { pathHeader } from "../react/path-header.ts";

/**
 * Tells the render which path it is for, so that a browser hears only of changes that its page has read. A value that the
 * browser sent under that name is dropped.
 *
 * @example
 * export function middleware(request: NextRequest) {
 *   return withRequestPath(request);
 * }
 */
export function withRequestPath(request: NextRequest): NextResponse {
  const headers = new Headers(request.headers);
  headers.set(pathHeader, request.nextUrl.pathname);
  return NextResponse.next({ request: { headers } });
}
