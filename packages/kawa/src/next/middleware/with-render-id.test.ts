import { NextRequest, NextResponse } from "next/server";
import { describe, expect, it } from "vitest";
import { withRenderId } from "./with-render-id.ts";

/** Headers that Next hands to the render, as the middleware's answer names them. */
function renderHeaders({ headers }: Response): Map<string, string> {
  const names = (headers.get("x-middleware-override-headers") ?? "").split(",");
  return new Map(names.map((name) => [name, headers.get(`x-middleware-request-${name}`) ?? ""]));
}

describe("withRenderId", () => {
  it("tells the render and the browser the same id, another one each time", () => {
    const answers = [1, 2].map(() => withRenderId(new NextRequest("http://host/")));
    const ids = answers.map((answer) => renderHeaders(answer).get("x-kawa-render"));
    expect(ids[0]).toMatch(/^[\w-]{36}$/);
    expect(ids[1]).not.toBe(ids[0]);
    expect(answers.map(({ headers }) => headers.get("server-timing"))).toEqual(ids.map((id) => `kawa;desc="${id}"`));
  });

  it("overwrites an id that the browser sent", () => {
    const forged = "0123456789abcdef0123456789abcdef";
    const request = new NextRequest("http://host/", { headers: { "X-KAWA-RENDER": forged } });
    expect(renderHeaders(withRenderId(request)).get("x-kawa-render")).not.toBe(forged);
  });

  it("tells the render what the browser has asked for, whatever that is rewritten to", () => {
    const request = new NextRequest("http://host/about?of=1");
    const rewrite = (named: NextRequest): NextResponse =>
      NextResponse.rewrite(new URL("/de/about", named.url), { request: named });
    for (const respond of [undefined, rewrite]) {
      expect(renderHeaders(withRenderId(request, respond)).get("x-kawa-asked")).toBe("/about?of=1");
    }
    const below = new NextRequest("http://host/shop/about", { nextConfig: { basePath: "/shop" } });
    expect(renderHeaders(withRenderId(below)).get("x-kawa-asked")).toBe("/shop/about");
  });

  it("keeps what was asked for when a rewrite comes through it once more", () => {
    const request = new NextRequest("http://host/de/about", { headers: { "x-kawa-asked": "/about?of=1" } });
    expect(renderHeaders(withRenderId(request)).get("x-kawa-asked")).toBe("/about?of=1");
  });

  it("keeps all other headers of the request", () => {
    const request = new NextRequest("http://host/", { headers: { cookie: "a=1", "accept-language": "de" } });
    const headers = renderHeaders(withRenderId(request));
    expect([headers.get("cookie"), headers.get("accept-language")]).toEqual(["a=1", "de"]);
  });

  it("goes on to the page", () => {
    expect(withRenderId(new NextRequest("http://host/")).headers.get("x-middleware-next")).toBe("1");
  });

  it("names what the app rewrites to, and keeps what the app times", () => {
    const response = withRenderId(new NextRequest("http://host/about"), (named) => {
      const rewritten = NextResponse.rewrite(new URL("/de/about", named.url), { request: named });
      rewritten.headers.set("server-timing", "app;dur=1");
      return rewritten;
    });
    expect(response.headers.get("x-middleware-rewrite")).toBe("http://host/de/about");
    expect(response.headers.get("server-timing")).toBe(
      `app;dur=1, kawa;desc="${renderHeaders(response).get("x-kawa-render")}"`,
    );
  });
});
