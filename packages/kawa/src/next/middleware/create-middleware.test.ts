import { NextRequest } from "next/server";
import { afterEach, describe, expect, it, vi } from "vitest";
import { asFrom } from "../../../test/support/as-from.ts";
import { shareSecret } from "../../rivetkit/secret/shared-secret.ts";
import { createSessions } from "../session/create-sessions.ts";
import { createMiddleware, type MiddlewareOptions } from "./create-middleware.ts";

afterEach(() => vi.unstubAllEnvs());

function answer(options: MiddlewareOptions = {}, headers: HeadersInit = {}) {
  const response = createMiddleware(options)(new NextRequest("http://host/", { headers }));
  const policy = response.headers.get("content-security-policy")!;
  const directives = new Map(policy.split("; ").map((directive) => directive.split(/ (.*)/).slice(0, 2) as [string, string]));
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
    const { given, directives } = answer({}, { "x-nonce": "mine", "content-security-policy": "script-src 'nonce-mine'" });
    expect(given("x-nonce")).not.toBe("mine");
    expect(given("content-security-policy")).toContain(directives.get("script-src"));
  });

  it("allows nothing but the app's own", () => {
    const { directives, given } = answer();
    directives.delete("script-src");
    expect(Object.fromEntries(directives)).toEqual({
      "default-src": "'self'",
      "style-src": `'self' 'nonce-${given("x-nonce")}'`,
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

  it("allows in development what Next's tools need", () => {
    vi.stubEnv("NODE_ENV", "development");
    const { directives } = answer();
    expect(directives.get("script-src")).toContain("'unsafe-eval'");
    expect(directives.get("style-src")).toBe("'self' 'unsafe-inline'");
    expect(directives.get("connect-src")).toBe("'self' ws:");
  });

  it("adds the sources that the app names", () => {
    const sources = { "img-src": ["https://images.example"], "frame-ancestors": ["https://a.example"], "media-src": ["https://m.example"] };
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
    const request = new NextRequest("http://evil.test/", { headers: { host: "evil.test", "x-forwarded-host": "localhost" } });
    const response = asFrom("127.0.0.1", () => createMiddleware({ sessions })(request));
    expect(response.status).toBe(421);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await response.text()).toContain("This app is not reached under this name.");
    expect(response.headers.get("x-middleware-next")).toBeNull();
    expect(sessions.keep).not.toHaveBeenCalled();
  });

  it("gives a visitor a session that this very render sees", () => {
    shareSecret("a secret of the test");
    const { response } = answer({ sessions: createSessions() }, { accept: "text/html" });
    const { value } = response.cookies.get("kawa-session")!;
    expect(response.headers.get("x-middleware-set-cookie")).toContain(`kawa-session=${value}`);
  });
});
