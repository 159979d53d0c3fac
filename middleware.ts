import { createMiddleware } from "kawa/next/middleware";
import { sessions } from "@/lib/session";

export const middleware = createMiddleware({ sessions });

export const config = {
  runtime: "nodejs",
  // Everything but the engine's own calls and static files.
  matcher: ["/((?!api/rivet|_next/static|_next/image|favicon.ico|icon.svg).*)"],
};
