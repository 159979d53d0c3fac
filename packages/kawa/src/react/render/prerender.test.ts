import { describe, expect, it } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { asNext } from "../../../test/support/next-stores.ts";
import { isPrerender, isReadByClients, leaveForRequest } from "./prerender.ts";

describe("a prerender", () => {
  it.each(["prerender", "prerender-legacy", "prerender-client", "prerender-runtime"])(
    "is what Next calls %s",
    (type) => {
      expect(asNext({ work: {}, unit: { type } }, isPrerender)).toBe(true);
    },
  );

  it("is what is forced to be static, also in answer to a request", () => {
    expect(asNext({ work: { forceStatic: true }, unit: { type: "request" } }, isPrerender)).toBe(true);
    expect(asNext({ work: { dynamicShouldError: true }, unit: { type: "request" } }, isPrerender)).toBe(true);
  });

  it("is nothing else: what a cache keeps must not pass for a page that reads nothing", () => {
    for (const type of ["request", "cache", "private-cache", "unstable-cache"]) {
      expect(asNext({ work: {}, unit: { type } }, isPrerender)).toBe(false);
    }
    expect(asNext({ work: { forceStatic: true }, unit: { type: "cache" } }, isPrerender)).toBe(false);
    expect(isPrerender()).toBe(false);
  });
});

describe("a client component that reads in a prerender", () => {
  it("makes the route dynamic, also where a Suspense catches the error", async () => {
    const unit = { type: "prerender-legacy", revalidate: 60 };
    const error = await caught(() => asNext({ work: {}, unit }, leaveForRequest));
    expect(error).toMatchObject({ digest: "DYNAMIC_SERVER_USAGE" });
    expect(unit.revalidate).toBe(0);
  });

  it("waits for a request with cacheComponents, and the second pass knows of it", () => {
    const [work, other] = [{}, {}];
    const unit = { type: "prerender-client" };
    asNext({ work, unit }, () => {
      expect(isReadByClients()).toBe(false);
      void leaveForRequest();
      expect(isReadByClients()).toBe(true);
    });
    expect(asNext({ work: other, unit }, isReadByClients)).toBe(false);
  });

  it("is refused where the route is forced to be static", async () => {
    for (const type of ["prerender-legacy", "request"]) {
      expect(await codeOf(() => asNext({ work: { forceStatic: true }, unit: { type } }, leaveForRequest))).toBe(
        "RENDER_STATIC",
      );
    }
  });
});
