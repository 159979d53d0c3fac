import { randomBytes } from "node:crypto";
import { type NextRequest, NextResponse } from "next/server";
import { isKawaError } from "../../core/errors/errors.ts";
import { checkHost } from "../network/check-host.ts";
import { watchConnections } from "../network/connections.ts";
import type { Sessions } from "../session/create-sessions.ts";
import { pagePath, reportStaticPage } from "./static-pages.ts";
import { goOn, nameRender } from "./with-render-id.ts";
import { contentSecurityPolicy, type PolicySources, securityHeaders } from "./security-headers.ts";

/** Options of {@link createMiddleware}. */
export type MiddlewareOptions = {
  /** Gives each visitor a session. @default none */
  sessions?: Pick<Sessions<unknown>, "keep">;
  /**
   * Answers the request, where the app rewrites, redirects or decides who may see a page. The headers of the request carry what Kawa has
   * added: pass them on. The response gets Kawa's headers.
   *
   * @default goes on to the page
   *
   * @example
   * const respond = (request: NextRequest) =>
   *   NextResponse.rewrite(new URL(`/de${request.nextUrl.pathname}`, request.url), { request });
   */
  respond?: (request: NextRequest) => NextResponse | Promise<NextResponse>;
  /**
   * Lets a page run only scripts with a number that its own answer has brought. Static pages are the same for everybody, so they cannot have
   * it: with `false` inline scripts are allowed, as Next writes them into each page. A static page that is asked for with `true` is reported.
   *
   * @default true
   */
  nonce?: boolean;
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
export function createMiddleware(options?: Omit<MiddlewareOptions, "respond">): (request: NextRequest) => NextResponse;
export function createMiddleware(
  options: MiddlewareOptions,
): (request: NextRequest) => NextResponse | Promise<NextResponse>;
export function createMiddleware({
  sessions,
  sources,
  nonce: hasNonce = true,
  respond = goOn,
}: MiddlewareOptions = {}) {
  watchConnections();
  return (request: NextRequest): NextResponse | Promise<NextResponse> => {
    const refusal = refuseStrangeHost(request);
    if (refusal) return refusal;
    const nonce = hasNonce ? randomBytes(16).toString("base64") : undefined;
    const isDevelopment = process.env.NODE_ENV === "development";
    const policy = contentSecurityPolicy({ nonce, isDevelopment, sources });
    if (nonce === undefined) request.headers.delete("x-nonce");
    else request.headers.set("x-nonce", nonce);
    // Next takes the nonce of its own scripts from here.
    request.headers.set("content-security-policy", policy);
    const timing = nameRender(request);
    const finish = (response: NextResponse): NextResponse => {
      if (hasNonce) reportStaticPage(pagePath(request, response));
      response.headers.append("server-timing", timing);
      response.headers.set("content-security-policy", policy);
      for (const [name, value] of Object.entries(securityHeaders)) response.headers.set(name, value);
      sessions?.keep(request, response);
      return response;
    };
    const response = respond(request);
    return response instanceof Promise ? response.then(finish) : finish(response);
  };
}

function refuseStrangeHost(request: NextRequest): NextResponse | undefined {
  try {
    checkHost(request);
    return undefined;
  } catch (error) {
    if (!isKawaError(error, "HOST_REFUSED")) throw error;
    const text =
      "This app has another host name. If it is yours, the log of its server says which setting allows the name.\n";
    const headers = {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    };
    return new NextResponse(text, { status: error.status, headers });
  }
}
