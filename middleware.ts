import { createMiddleware } from "kawa/next/middleware";
import { sessions } from "@/lib/session";

export const middleware = createMiddleware({ sessions });

export const config = {
  runtime: "nodejs",
  matcher: [
    {
      // Everything but the engine's calls, the stream (which reads the session itself), probes and static files.
      source: "/((?!api/rivet|api/reactive|api/health|api/ready|_next/static|_next/image|favicon.ico|icon.svg).*)",
      // Server actions, as which pages refresh themselves, go past it, which is faster. Delete this if you rewrite addresses here, or
      // decide who may see a page.
      missing: [{ type: "header", key: "next-action" }],
    },
  ],
};
