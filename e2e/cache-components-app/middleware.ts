import { withRenderId } from "kawa/next/middleware";
import type { NextRequest, NextResponse } from "next/server";

export function middleware(request: NextRequest): NextResponse {
  return withRenderId(request);
}

// The starter's own matcher.
export const config = {
  runtime: "nodejs",
  matcher: ["/((?!api/rivet|_next/static|_next/image|favicon.ico).*)"],
};
