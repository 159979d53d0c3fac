import { expect, it } from "vitest";
import { asNext } from "../../../test/support/next-stores.ts";
import { runsForPage } from "./runs-for-page.ts";

const asActionOf = (tags: readonly string[], paths: readonly string[]): Promise<boolean> =>
  asNext({ work: {}, unit: { type: "request", phase: "action", implicitTags: { tags } } }, async () =>
    runsForPage(paths),
  );

const ofGermanPage = ["_N_T_/layout", "_N_T_/[lang]/layout", "_N_T_/[lang]/page", "_N_T_/de"];

it("knows the page that an action was sent to from those that are shown", async () => {
  expect(await asActionOf(ofGermanPage, ["/de"])).toBe(true);
  expect(await asActionOf(ofGermanPage, ["/feed", "/de"])).toBe(true);
  expect(await asActionOf(ofGermanPage, ["/en"])).toBe(false);
  expect(await asActionOf(ofGermanPage, [])).toBe(false);
});

it("knows a page that does not exist, and the home page", async () => {
  const ofNone = ["_N_T_/layout", "_N_T_/_not-found/layout", "_N_T_/_not-found/page", "_N_T_/_not-found"];
  expect(await asActionOf(ofNone, ["/de"])).toBe(false);
  expect(await asActionOf(ofNone, ["/_not-found"])).toBe(true);
  expect(await asActionOf(["_N_T_/layout", "_N_T_/page", "_N_T_/", "_N_T_/index"], ["/"])).toBe(true);
});

it("compares values of segments however they are written, also broken ones", async () => {
  expect(await asActionOf(["_N_T_/posts/%C3%A4%20b"], ["/posts/ä b"])).toBe(true);
  expect(await asActionOf(["_N_T_/posts/%"], ["/posts/%"])).toBe(true);
});

it("takes every page for the right one where Next does not tell", async () => {
  expect(runsForPage(["/de"])).toBe(true);
  expect(await asNext({ work: {}, unit: { type: "request" } }, async () => runsForPage(["/de"]))).toBe(true);
});
