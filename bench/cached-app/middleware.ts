import { withRenderId } from "kawa/next/middleware";
import type { NextRequest, NextResponse } from "next/server";

export function middleware(request: NextRequest): NextResponse {
  return withRenderId(request);
}

// Pages that are loaded or navigated to: nothing else needs a name from here.
export const config = {
  runtime: "nodejs",
  matcher: [
    { source: "/((?!api/|_next/static|_next/image|favicon.ico).*)", missing: [{ type: "header", key: "next-action" }] },
  ],
};
