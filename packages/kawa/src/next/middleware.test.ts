import { NextRequest } from "next/server";
import { describe, expect, it } from "vitest";
import { withRequestPath } from "./middleware.ts";

/** Headers that Next hands to the render, as the middleware's answer names them. */
function renderHeaders(request: NextRequest): Map<string, string> {
  const { headers } = withRequestPath(request);
  const names = (headers.get("x-middleware-override-headers") ?? "").split(",");
  return new Map(names.map((name) => [name, headers.get(`x-middleware-request-${name}`) ?? ""]));
}

describe("withRequestPath", () => {
  it("tells the render its path, without the query", () => {
    expect(renderHeaders(new NextRequest("http://host/users/alice?tab=1")).get("x-kawa-path")).toBe("/users/alice");
  });

  it("overwrites a path that the browser sent", () => {
    const request = new NextRequest("http://host/real", { headers: { "x-kawa-path": "/forged", "X-KAWA-PATH": "/forged" } });
    expect(renderHeaders(request).get("x-kawa-path")).toBe("/real");
  });

  it("keeps all other headers of the request", () => {
    const request = new NextRequest("http://host/", { headers: { cookie: "a=1", "accept-language": "de" } });
    const headers = renderHeaders(request);
    expect([headers.get("cookie"), headers.get("accept-language")]).toEqual(["a=1", "de"]);
  });

  it("goes on to the page, and tells the browser nothing of it", () => {
    const response = withRequestPath(new NextRequest("http://host/"));
    expect(response.headers.get("x-middleware-next")).toBe("1");
    expect(response.headers.get("x-kawa-path")).toBeNull();
  });
});
