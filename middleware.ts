import { createMiddleware } from "kawa/next/middleware";
import { sessions } from "@/lib/session";

export const middleware = createMiddleware({ sessions });

export const config = {
  runtime: "nodejs",
  // Everything but the engine's calls, the stream (which reads the session itself) and static files.
  matcher: ["/((?!api/rivet|api/reactive|_next/static|_next/image|favicon.ico|icon.svg).*)"],
};
