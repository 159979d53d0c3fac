import { withRenderId } from "kawa/next/middleware";
import type { NextRequest, NextResponse } from "next/server";

export function middleware(request: NextRequest): NextResponse {
  const response = withRenderId(request);
  response.headers.set("x-content-type-options", "nosniff");
  response.headers.set("x-frame-options", "DENY");
  response.headers.set("referrer-policy", "strict-origin-when-cross-origin");
  return response;
}

export const config = {
  runtime: "nodejs",
  // Everything but the engine's own calls and static files.
  matcher: ["/((?!api/rivet|_next/static|_next/image|favicon.ico).*)"],
};
