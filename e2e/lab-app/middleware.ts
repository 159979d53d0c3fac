import { createMiddleware } from "kawa/next/middleware";
import { type NextRequest, NextResponse } from "next/server";
import { sessions } from "./lib/sessions.ts";
import { labCounter } from "./lib/signals.ts";

const respond = createMiddleware({ sessions, respond: rewrite });
/** Static pages are the same for everybody. */
const respondStatic = createMiddleware({ nonce: false });

export async function middleware(request: NextRequest): Promise<NextResponse> {
  const { pathname } = request.nextUrl;
  const counted = /^\/render-writes\/\w+\/middleware\/([\w-]+)$/.exec(pathname);
  if (counted) await labCounter(counted[1]!).update((count) => count + 1);
  return pathname === "/" || pathname.startsWith("/static/") ? respondStatic(request) : respond(request);
}

function rewrite(request: NextRequest): NextResponse {
  const { pathname, search } = request.nextUrl;
  const to = pathname.replace(/^\/counted\//, "/render-writes/").replace(/^(?=\/(de|en)\/)/, "/navigation/lang");
  if (to === pathname) return NextResponse.next({ request });
  return NextResponse.rewrite(new URL(`${to}${search}`, request.url), { request });
}

export const config = {
  runtime: "nodejs",
  matcher: [
    {
      source: "/((?!api/rivet|api/reactive|api/health|api/ready|_next/static|_next/image|favicon.ico).*)",
      missing: [{ type: "header", key: "next-action" }],
    },
  ],
};
