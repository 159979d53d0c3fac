import { createMiddleware, withRenderId } from "kawa/next/middleware";
import { type NextRequest, NextResponse } from "next/server";

import { labCounter } from "./lib/signals.ts";

const secure = createMiddleware();

export async function middleware(request: NextRequest): Promise<NextResponse> {
  const counted = /^\/render-writes\/\w+\/middleware\/([\w-]+)$/.exec(request.nextUrl.pathname);
  if (counted) await labCounter(counted[1]!).update((count) => count + 1);
  return respond(request);
}

function respond(request: NextRequest): NextResponse {
  if (request.nextUrl.pathname.startsWith("/built-in/")) return secure(request);
  return withRenderId(request, (named) => {
    const { pathname } = named.nextUrl;
    const to = pathname.replace(/^\/counted\//, "/render-writes/").replace(/^(?=\/(de|en)\/)/, "/navigation/lang");
    if (to === pathname) return NextResponse.next({ request: named });
    return NextResponse.rewrite(new URL(`${to}${named.nextUrl.search}`, named.url), { request: named });
  });
}

export const config = {
  runtime: "nodejs",
  matcher: [
    {
      source: "/((?!api/rivet|api/reactive|_next/static|_next/image|favicon.ico).*)",
      missing: [{ type: "header", key: "next-action" }],
    },
  ],
};
