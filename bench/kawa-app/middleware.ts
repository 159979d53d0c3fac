import { withRenderId } from "kawa/next/middleware";
import type { NextRequest, NextResponse } from "next/server";

export function middleware(request: NextRequest): NextResponse {
  return withRenderId(request);
}

// Pages: nothing else names a render.
export const config = {
  runtime: "nodejs",
  matcher: ["/((?!api/|_next/static|_next/image|favicon.ico).*)"],
};
