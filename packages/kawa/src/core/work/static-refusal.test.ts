import { afterEach, describe, expect, it, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { asNext } from "../../../test/support/next-stores.ts";
import { refuseAtBuild, refuseWhereKept, staticRefusal } from "./static-refusal.ts";

afterEach(() => vi.unstubAllEnvs());

type Place = readonly [page: string, unit: object | undefined, work: object, where: string, fix: string];

const legacy = { type: "prerender-legacy" };
const modern = { type: "prerender" };
const generator = { type: "build-time-generator", functionName: "generateStaticParams" };
const dynamic = 'write export const dynamic = "force-dynamic"';
const cacheComponents = { cacheComponentsEnabled: true };

const places: readonly Place[] = [
  ["/a/page", legacy, {}, 'in "/a"', `In this page (or its layout), ${dynamic};`],
  [
    "/a/page",
    modern,
    cacheComponents,
    'in "/a"',
    "write await connection(); before it, in a component inside of <Suspense>",
  ],
  ["/a/page", legacy, { forceStatic: true }, 'in "/a"', `${dynamic} instead of "force-static".`],
  ["/a/page", legacy, { dynamicShouldError: true }, 'in "/a"', `${dynamic} instead of "error".`],
  ["/api/a/route", legacy, {}, 'in "/api/a"', `In this route.ts, ${dynamic};`],
  [
    "/api/a/route",
    modern,
    cacheComponents,
    'in "/api/a"',
    "In this route.ts, write await connection(); before it: import",
  ],
  [
    "/(group)/a/opengraph-image-1x2y3z/route",
    legacy,
    {},
    "opengraph-image",
    `In the file of this opengraph-image, ${dynamic};`,
  ],
  ["/a/icon1/[__metadata_id__]/route", legacy, {}, "icon1", `In the file of this icon, ${dynamic};`],
  [
    "/sitemap.xml/route",
    modern,
    cacheComponents,
    'in "/sitemap.xml"',
    "In the file of this sitemap, write await connection();",
  ],
  ["/robots.txt/route", legacy, {}, 'in "/robots.txt"', `In the file of this robots, ${dynamic};`],
  ["/manifest.webmanifest/route", legacy, {}, "manifest", `In the file of this manifest, ${dynamic};`],
  ["/icon/page", legacy, {}, 'in "/icon"', "In this page (or its layout)"],
  ["/iconography/route", legacy, {}, 'in "/iconography"', "In this route.ts"],
  ["/iconography/page", legacy, {}, 'in "/iconography"', "In this page (or its layout)"],
  ["/[id]/page", generator, {}, 'in generateStaticParams() of "/[id]"', "return what is known without a signal"],
  [
    "/a/sitemap/[__metadata_id__]/route",
    generator,
    {},
    'in generateSitemaps() of "/a/sitemap"',
    "return what is known without a signal",
  ],
  [
    "/a/icon/[__metadata_id__]/route",
    generator,
    {},
    'in generateImageMetadata() of "/a/icon"',
    "return what is known without a signal",
  ],
  ["/a/page", { type: "unstable-cache" }, {}, 'in unstable_cache() in "/a"', "pass the value as an argument"],
  ["/a/page", { type: "cache" }, cacheComponents, 'in "use cache" in "/a"', "pass the value as an argument"],
  ["/a/page", { type: "private-cache" }, cacheComponents, 'in "use cache" in "/a"', "pass the value as an argument"],
];

describe("a refusal", () => {
  it.each(places)("says what mends %s (%j, %j)", (page, unit, work, where, fix) => {
    vi.stubEnv("NEXT_PHASE", "phase-production-build");
    const route = page.replace(/\/(page|route)$/, "");
    const error = asNext({ work: { page, route, ...work }, ...(unit && { unit }) }, () =>
      staticRefusal('"a" was read'),
    );
    expect(error).toMatchObject({ code: "RENDER_STATIC", retryable: false });
    expect(error.message).toMatch(/^"a" was read during next build, in /);
    expect(error.message).toContain(where);
    expect(error.message).toContain(fix);
  });

  it("says of the top of a module that it is no place for it", () => {
    expect(staticRefusal("Keys were listed").message).toContain("and not at the top of a module");
  });
});

it("at build time everything is refused, and at no other", async () => {
  refuseAtBuild("It was asked for");
  vi.stubEnv("NEXT_PHASE", "phase-production-build");
  expect(await caught(() => refuseAtBuild("It was asked for"))).toMatchObject({ code: "RENDER_STATIC" });
});

it("what Next keeps is refused at any time, and what answers a request at none", async () => {
  for (const [work, unit] of [
    [{ forceStatic: true }, { type: "request" }],
    [{}, legacy],
    [{}, { type: "unstable-cache" }],
  ]) {
    const error = await asNext({ work: work!, unit: unit! }, () => caught(() => refuseWhereKept("A token was issued")));
    expect(error).toMatchObject({
      code: "RENDER_STATIC",
      message: expect.stringContaining("A token was issued where Next keeps the result, in "),
    });
  }
  for (const type of ["request", "prerender-runtime", "private-cache"])
    asNext({ work: {}, unit: { type } }, () => refuseWhereKept("A token was issued"));
  refuseWhereKept("A token was issued");
});
