import { createMiddleware } from "kawa/next/middleware";
import { sessions } from "./lib/sessions.ts";

export const middleware = createMiddleware({ sessions });

export const config = {
  runtime: "nodejs",
  matcher: [
    {
      source: "/((?!api/|bare-|_next/static|_next/image|favicon.ico).*)",
      missing: [{ type: "header", key: "next-action" }],
    },
  ],
};
