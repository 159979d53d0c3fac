import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { NextRequest, NextResponse } from "next/server";
import { afterEach, describe, expect, it, vi } from "vitest";
import { asFrom } from "../../../test/support/as-from.ts";
import { shareSecret } from "../../rivetkit/secret/shared-secret.ts";
import { createSessions } from "../session/create-sessions.ts";
import { createMiddleware, type MiddlewareOptions } from "./create-middleware.ts";
import { builtInStyles } from "./security-headers.ts";

afterEach(() => vi.unstubAllEnvs());

function answer(options: MiddlewareOptions = {}, headers: HeadersInit = {}) {
  const response = createMiddleware(options)(new NextRequest("http://host/", { headers }));
  const policy = response.headers.get("content-security-policy")!;
  const directives = new Map(
    policy.split("; ").map((directive) => directive.split(/ (.*)/).slice(0, 2) as [string, string]),
  );
  return { response, directives, given: (name: string) => response.headers.get(`x-middleware-request-${name}`) };
}

describe("createMiddleware", () => {
  it("lets scripts run that carry the nonce of this very answer, and what these load", () => {
    const [one, two] = [answer(), answer()];
    const nonce = one.given("x-nonce")!;
    expect(Buffer.from(nonce, "base64")).toHaveLength(16);
    expect(one.directives.get("script-src")).toBe(`'self' 'nonce-${nonce}' 'strict-dynamic'`);
    expect(one.given("content-security-policy")).toBe(one.response.headers.get("content-security-policy"));
    expect(two.given("x-nonce")).not.toBe(nonce);
  });

  it("overwrites a nonce and a policy that the browser sent", () => {
    const { given, directives } = answer(
      {},
      { "x-nonce": "mine", "content-security-policy": "script-src 'nonce-mine'" },
    );
    expect(given("x-nonce")).not.toBe("mine");
    expect(given("content-security-policy")).toContain(directives.get("script-src"));
  });

  it("lets scripts of static pages run where there is no nonce, which a browser may not send either", () => {
    const { directives, given } = answer({ nonce: false }, { "x-nonce": "mine" });
    expect(directives.get("script-src")).toBe("'self' 'unsafe-inline'");
    expect(directives.get("style-src")).toBe("'self' 'unsafe-inline'");
    expect(given("x-nonce")).toBeNull();
  });

  it("reports each static page once that is asked for with a nonce", () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    // Another test has looked already.
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.static-pages"));
    vi.stubEnv("NODE_ENV", "production");
    vi.stubEnv(
      "__NEXT_RELATIVE_DIST_DIR",
      relative(process.cwd(), join(import.meta.dirname, "../../../test/support/static-build")),
    );
    const ask = (path: string): unknown => createMiddleware()(new NextRequest(`http://host${path}`));
    for (const path of ["/", "/about", "/about", "/about/", "/posts/1", "/posts/1/x", "/sitemap.xml"]) ask(path);
    // Under an address that a middleware rewrites, and below a path.
    const to = (path: string) =>
      createMiddleware({ respond: (request) => NextResponse.rewrite(new URL(path, request.url), { request }) });
    to("/posts/2?more=1")(new NextRequest("http://host/second"));
    to("/shop/posts/3/")(
      new NextRequest("http://host/shop/third", { nextConfig: { basePath: "/shop", trailingSlash: true } }),
    );
    expect(error.mock.calls.map(([text]) => /"([^"]*)"/.exec(String(text))?.[1])).toEqual([
      "/_not-found",
      "/about",
      "/posts/1",
      "/posts/2",
      "/posts/3",
    ]);
    expect(String(error.mock.calls[0])).toContain("await connection();");
    error.mockRestore();
  });

  it("allows nothing but the app's own", () => {
    const { directives, given } = answer();
    directives.delete("script-src");
    expect(Object.fromEntries(directives)).toEqual({
      "default-src": "'self'",
      "style-src": `'self' 'nonce-${given("x-nonce")}' ${builtInStyles.join(" ")}`,
      "style-src-attr": "'unsafe-inline'",
      "img-src": "'self' blob: data:",
      "font-src": "'self'",
      "connect-src": "'self'",
      "worker-src": "'self'",
      "object-src": "'none'",
      "base-uri": "'none'",
      "form-action": "'self'",
      "frame-ancestors": "'none'",
    });
  });

  it.each([
    ["https://cdn.example/v1", "https://cdn.example"],
    ["/v1", undefined],
    ["", undefined],
  ])("allows the files of the build where assetPrefix %j has them", (prefix, origin) => {
    vi.stubEnv("__NEXT_ASSET_PREFIX", prefix);
    for (const nonce of [true, false]) {
      const { directives } = answer({ nonce });
      const allowed = [...directives]
        .filter(([, sources]) => sources.includes("https://cdn.example"))
        .map(([name]) => name);
      expect(allowed).toEqual(
        origin === undefined ? [] : ["default-src", "script-src", "style-src", "img-src", "font-src"],
      );
    }
  });

  it("allows in development what Next's tools need", () => {
    vi.stubEnv("NODE_ENV", "development");
    const { directives } = answer();
    expect(directives.get("script-src")).toContain("'unsafe-eval'");
    expect(directives.get("style-src")).toBe("'self' 'unsafe-inline'");
    expect(directives.get("connect-src")).toBe("'self' ws:");
  });

  it("allows the styles of Next's own error pages, as the installed Next has them", () => {
    const load = createRequire(import.meta.url);
    const { errorThemeCss } = load("next/dist/client/components/builtin/error-styles.js") as { errorThemeCss: string };
    const fallback = readFileSync(
      load.resolve("next/dist/client/components/http-access-fallback/error-fallback.js"),
      "utf8",
    );
    const styles = [errorThemeCss, /__html: `([^`]*)`/.exec(fallback)![1]!];
    expect(styles.map((css) => `'sha256-${createHash("sha256").update(css).digest("base64")}'`)).toEqual(builtInStyles);
  });

  it("adds the sources that the app names", () => {
    const sources = {
      "img-src": ["https://images.example"],
      "frame-ancestors": ["https://a.example"],
      "media-src": ["https://m.example"],
    };
    const { directives } = answer({ sources });
    expect(directives.get("img-src")).toBe("'self' blob: data: https://images.example");
    expect(directives.get("frame-ancestors")).toBe("https://a.example");
    expect(directives.get("media-src")).toBe("'self' https://m.example");
  });

  it("sets the other security headers, and names the render", () => {
    const { response, given } = answer();
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "strict-origin-when-cross-origin",
      "permissions-policy": expect.stringContaining("camera=()"),
      "server-timing": `kawa;desc="${given("x-kawa-render")}"`,
    });
  });

  it("answers nobody who asks for a strange host, in plain words", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const sessions = { keep: vi.fn<() => void>() };
    const request = new NextRequest("http://evil.test/", {
      headers: { host: "evil.test", "x-forwarded-host": "localhost" },
    });
    const response = asFrom("127.0.0.1", () => createMiddleware({ sessions })(request));
    expect(response.status).toBe(421);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await response.text()).toContain("This app has another host name.");
    expect(response.headers.get("x-middleware-next")).toBeNull();
    expect(sessions.keep).not.toHaveBeenCalled();
  });

  it("lets the app rewrite or redirect, with the names that the render needs, at once or later", async () => {
    const rewrite = (request: NextRequest): NextResponse =>
      NextResponse.rewrite(new URL("/de/", request.url), { request });
    for (const respond of [rewrite, async (request: NextRequest) => rewrite(request)]) {
      const response = await createMiddleware({ respond })(
        new NextRequest("http://host/", { headers: { cookie: "a=1" } }),
      );
      const given = (name: string): string | null => response.headers.get(`x-middleware-request-${name}`);
      expect(response.headers.get("x-middleware-rewrite")).toBe("http://host/de/");
      expect(response.headers.get("server-timing")).toBe(`kawa;desc="${given("x-kawa-render")}"`);
      expect([given("cookie"), given("x-nonce")]).toEqual(["a=1", expect.stringMatching(/^[\w+/=]{24}$/)]);
      expect(response.headers.get("x-frame-options")).toBe("DENY");
    }
    const moved = await createMiddleware({ respond: (request) => NextResponse.redirect(new URL("/de/", request.url)) })(
      new NextRequest("http://host/"),
    );
    expect([moved.status, moved.headers.get("location")]).toEqual([307, "http://host/de/"]);
  });

  it("gives a visitor a session that this very render sees", () => {
    shareSecret("a secret of the test");
    const { response } = answer({ sessions: createSessions() }, { accept: "text/html" });
    const { value } = response.cookies.get("kawa-session")!;
    expect(response.headers.get("x-middleware-set-cookie")).toContain(`kawa-session=${value}`);
  });
});
