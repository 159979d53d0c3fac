import { randomBytes } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";
import { isKawaError } from "../../core/errors.ts";
import { checkHost } from "../check-host.ts";
import { watchConnections } from "../connections.ts";
import type { Sessions } from "../session/create-sessions.ts";
import { nameRender } from "./with-render-id.ts";
import { contentSecurityPolicy, type PolicySources, securityHeaders } from "./security-headers.ts";

export type MiddlewareOptions = {
  /** Gives each visitor a session. @default none */
  sessions?: Pick<Sessions<unknown>, "keep">;
  /** What pages may load beside what is the app's own. @default nothing */
  sources?: PolicySources;
};

/**
 * The middleware of an app: refuses requests for a strange host, names each render, as `withRenderId` does, gives visitors a session,
 * and sets security headers with a content security policy. The nonce of its scripts is in the header `x-nonce` of the request. It needs the Node.js runtime.
 *
 * @example
 * // middleware.ts
 * export const middleware = createMiddleware({ sessions });
 * export const config = {
 *   runtime: "nodejs",
 *   matcher: [{
 *     source: "/((?!api/rivet|_next/static|_next/image|favicon.ico).*)",
 *     missing: [{ type: "header", key: "next-action" }], // unless you decide here who may see a page, or rewrite
 *   }],
 * };
 */
export function createMiddleware({ sessions, sources }: MiddlewareOptions = {}): (request: NextRequest) => NextResponse {
  watchConnections();
  return (request) => {
    const refusal = refuseStrangeHost(request);
    if (refusal) return refusal;
    const nonce = randomBytes(16).toString("base64");
    const isDevelopment = process.env.NODE_ENV === "development";
    const policy = contentSecurityPolicy({ nonce, isDevelopment, sources });
    const requestHeaders = new Headers(request.headers);
    requestHeaders.set("x-nonce", nonce);
    // Next takes the nonce of its own scripts from here.
    requestHeaders.set("content-security-policy", policy);
    const timing = nameRender(requestHeaders);
    const response = NextResponse.next({ request: { headers: requestHeaders } });
    response.headers.set("server-timing", timing);
    response.headers.set("content-security-policy", policy);
    for (const [name, value] of Object.entries(securityHeaders)) response.headers.set(name, value);
    sessions?.keep(request, response);
    return response;
  };
}

function refuseStrangeHost(request: NextRequest): NextResponse | undefined {
  try {
    checkHost(request);
    return undefined;
  } catch (error) {
    if (!isKawaError(error, "HOST_REFUSED")) throw error;
    const text = "This app is not reached under this name. If it is yours, the log of its server says which setting allows the name.\n";
    const headers = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", "x-content-type-options": "nosniff" };
    return new NextResponse(text, { status: error.status, headers });
  }
}
