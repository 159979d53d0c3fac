import { createMiddleware } from "kawa/next/middleware";
import { type NextRequest, NextResponse } from "next/server";

/** The language that needs no place in the address is put into it. */
export const proxy = createMiddleware({
  respond(request: NextRequest) {
    const { basePath, pathname, search } = request.nextUrl;
    if (/^\/(de|en|help)(\/|$)/.test(pathname)) return NextResponse.next({ request });
    return NextResponse.rewrite(new URL(`${basePath}/en${pathname}${search}`, request.url), { request });
  },
});

export const config = {
  matcher: ["/((?!api/|_next/static|_next/image|favicon.ico).*)"],
};
