import { createMiddleware } from "kawa/next/middleware";

export const middleware = createMiddleware();

export const config = {
  runtime: "nodejs",
  matcher: [
    {
      source: "/((?!api/reactive|_next/static|_next/image|favicon.ico).*)",
      missing: [{ type: "header", key: "next-action" }],
    },
  ],
};
