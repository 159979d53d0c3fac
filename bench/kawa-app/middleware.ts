import { withRenderId } from "kawa/next/middleware";
import type { NextRequest, NextResponse } from "next/server";

export function middleware(request: NextRequest): NextResponse {
  return withRenderId(request);
}

// The starter's own matcher, without the route that browsers talk to: it names no render.
export const config = {
  runtime: "nodejs",
  matcher: ["/((?!api/rivet|api/reactive|_next/static|_next/image|favicon.ico).*)"],
};
