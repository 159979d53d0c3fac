import { createMiddleware } from "kawa/next/middleware";
import { sessions } from "./lib/session";

export const middleware = createMiddleware({ sessions });

export const config = {
  runtime: "nodejs",
  matcher: [
    {
      source: "/((?!api/rivet|api/reactive|_next/static|_next/image|favicon.ico).*)",
      missing: [{ type: "header", key: "next-action" }],
    },
  ],
};
