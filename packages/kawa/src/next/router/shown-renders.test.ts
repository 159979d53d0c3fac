import { describe, expect, it } from "vitest";
import { staticRenderId } from "../protocol/static-render.ts";
import { maxRendersPerTab } from "../protocol/stream-protocol.ts";
import { ShownRenders } from "./shown-renders.ts";

/** A tab that was loaded at `/a`. */
function openAtA(): ShownRenders {
  const renders = new ShownRenders();
  renders.commitRoute(["ra", "v1"], "/a");
  return renders;
}

const ids = (renders: ShownRenders): readonly string[] => renders.subscription(true).route.map(([id]) => id);

describe("the renders that a tab may show", () => {
  it("are the committed one, with its versions", () => {
    expect(openAtA().subscription(true)).toEqual({ route: [["ra", "v1"]], page: undefined });
  });

  it("gain that of a navigation, whether it is heard of before the commit or after", () => {
    const before = openAtA();
    before.receive({ id: "rb", url: "/b", startTime: 10, isShown: false }, "/a");
    before.visit("/b");
    const after = openAtA();
    after.visit("/b");
    after.receive({ id: "rb", url: "/b", startTime: 10, isShown: false }, "/b");
    for (const renders of [before, after]) {
      expect(renders.subscription(true).route).toEqual([
        ["ra", "v1"],
        ["rb", ""],
      ]);
    }
  });

  it("are unknown between a navigation and the news of its render, and where there is none", () => {
    const renders = openAtA();
    renders.visit("/b");
    expect(renders.subscription(true).route).toEqual([
      ["ra", "v1"],
      ["", ""],
    ]);
  });

  it("stay named when the user goes back and forward", () => {
    const renders = openAtA();
    renders.visit("/b");
    renders.receive({ id: "rb", url: "/b", startTime: 10, isShown: false }, "/b");
    renders.visit("/a");
    renders.visit("/b");
    expect(ids(renders)).toEqual(["ra", "rb"]);
  });

  it("stay known when only the address changes, also when the user comes back to it", () => {
    const renders = openAtA();
    renders.rename("/a?x=1");
    renders.visit("/b");
    renders.receive({ id: "rb", url: "/b", startTime: 10, isShown: false }, "/b");
    renders.visit("/a?x=1");
    expect(ids(renders)).toEqual(["ra", "rb"]);
  });

  it("are not those that were only prefetched, before the next navigation, which may show parts of them", () => {
    const renders = openAtA();
    renders.receive({ id: "rc", url: "/c", startTime: 10, isShown: false }, "/a");
    expect(ids(renders)).toEqual(["ra"]);
    renders.receive({ id: "rb", url: "/b", startTime: 20, isShown: false }, "/a");
    renders.visit("/b");
    expect(ids(renders)).toEqual(["ra", "rc", "rb"]);
  });

  it("are unknown when there are more than a stream may name", () => {
    const renders = openAtA();
    for (let n = 1; n < maxRendersPerTab; n += 1) {
      renders.visit(`/${n}`);
      renders.receive({ id: `r${n}`, url: `/${n}`, startTime: n, isShown: false }, `/${n}`);
    }
    expect(ids(renders)).toHaveLength(maxRendersPerTab);
    renders.visit("/x");
    renders.receive({ id: "rx", url: "/x", startTime: 99, isShown: false }, "/x");
    expect(ids(renders)).toEqual(["ra", ""]);
    for (let n = 0; n < 1_000; n += 1)
      renders.receive({ id: `y${n}`, url: `/${n}`, startTime: 100 + n, isShown: false }, "/x");
    expect(ids(renders)).toEqual(["ra", ""]);
  });
});

describe("a render of the whole route", () => {
  it("replaces all that were asked for before it, whichever is heard of first", () => {
    for (const isHeardFirst of [true, false]) {
      const renders = openAtA();
      renders.visit("/b");
      renders.receive({ id: "rb", url: "/b", startTime: 10, isShown: false }, "/b");
      const refresh = { id: "rr", url: "/b", startTime: 20, isShown: false };
      if (isHeardFirst) renders.receive(refresh, "/b");
      renders.commitRoute(["rr", "v2"], "/b");
      if (!isHeardFirst) renders.receive(refresh, "/b");
      expect(renders.subscription(true).route).toEqual([["rr", "v2"]]);
    }
  });

  it("does not replace a navigation that was asked for after it", () => {
    const renders = openAtA();
    renders.receive({ id: "rb", url: "/b", startTime: 30, isShown: false }, "/a");
    renders.commitRoute(["rr", "v2"], "/a");
    renders.visit("/b");
    renders.receive({ id: "rr", url: "/a", startTime: 20, isShown: false }, "/b");
    expect(ids(renders)).toEqual(["rr", "rb"]);
  });

  it("replaces what was asked for before it and is heard of late", () => {
    const renders = openAtA();
    renders.commitRoute(["rr", "v2"], "/a");
    renders.receive({ id: "rr", url: "/a", startTime: 20, isShown: false }, "/a");
    renders.receive({ id: "rb", url: "/a", startTime: 10, isShown: false }, "/a");
    expect(ids(renders)).toEqual(["rr"]);
  });

  it("makes a place known that was not", () => {
    const renders = openAtA();
    renders.visit("/b");
    renders.commitRoute(["rr", "v2"], "/b");
    expect(ids(renders)).toEqual(["rr"]);
  });
});

describe("a render of the page alone", () => {
  it("is named as the page's, whichever is heard of first", () => {
    for (const isHeardFirst of [true, false]) {
      const renders = openAtA();
      renders.commitPages([["ra", "v1"]], false);
      const replaced = { id: "rp", url: "/a", startTime: 10, isShown: false };
      if (isHeardFirst) renders.receive(replaced, "/a");
      renders.commitPages([["rp", "v2"]], true);
      if (!isHeardFirst) renders.receive(replaced, "/a");
      expect(renders.subscription(true)).toEqual({ route: [["ra", "v1"]], page: ["rp", "v2"] });
    }
  });

  it("is not that of a navigation, which may have rendered layouts too", () => {
    const renders = openAtA();
    renders.visit("/b");
    renders.receive({ id: "rb", url: "/b", startTime: 10, isShown: false }, "/b");
    renders.commitPages([["rb", "v2"]], false);
    expect(ids(renders)).toEqual(["ra", "rb"]);
    renders.commitPages([], false);
    expect(renders.subscription(true).page).toBeUndefined();
  });
});

describe("what was prefetched", () => {
  const prefetched = (id: string, startTime: number) => ({ id, url: `/${id || "x"}`, startTime, isShown: false });

  it("is not named once a render of the route was asked for after it", () => {
    const renders = openAtA();
    renders.receive(prefetched("rc", 10), "/a");
    renders.receive(prefetched("rd", 30), "/a");
    renders.receive({ id: "r1", url: "/a", startTime: 20, isShown: true }, "/a");
    renders.commitRoute(["r1", "v2"], "/a");
    renders.visit("/rd");
    expect(ids(renders)).toEqual(["r1", "rd"]);
  });

  it("is unknown after the next navigation where it has no name", () => {
    const renders = openAtA();
    renders.receive(prefetched("", 10), "/a");
    expect(ids(renders)).toEqual(["ra"]);
    renders.visit("/b");
    renders.receive({ id: "rb", url: "/b", startTime: 20, isShown: true }, "/b");
    expect(ids(renders)).toEqual(["ra", ""]);
  });

  it("is unknown when there is more than can be named", () => {
    const renders = openAtA();
    for (let n = 0; n <= maxRendersPerTab; n += 1) renders.receive(prefetched(`p${n}`, 10), "/a");
    renders.visit("/p1");
    expect(ids(renders).at(-1)).toBe("");
  });
});

describe("a static render", () => {
  const openStatic = (): ShownRenders => {
    const renders = new ShownRenders();
    renders.commitRoute([staticRenderId(), ""], "/a");
    return renders;
  };

  it("has read nothing, so nobody follows it", () => {
    expect(openStatic().subscription(true)).toEqual({ route: [], page: undefined });
  });

  it("leaves the page that a visitor goes to next to be followed, and is known again when they come back", () => {
    const renders = openStatic();
    renders.visit("/b");
    expect(ids(renders)).toEqual([""]);
    renders.receive({ id: "rb", url: "/b", isShown: false, startTime: 10 }, "/b");
    renders.visit("/a");
    expect(ids(renders)).toEqual(["rb"]);
  });

  it("tells nothing of the page below a layout that was prefetched", () => {
    const renders = new ShownRenders();
    renders.commitRoute([staticRenderId(), ""], undefined);
    renders.visit("/b");
    expect(ids(renders)).toEqual([""]);
  });
});
