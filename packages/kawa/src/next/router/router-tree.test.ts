import { afterEach, describe, expect, it, vi } from "vitest";
import { isOfOneAddress, shownPaths, shownTree } from "./router-tree.ts";

const page = (search?: string): unknown[] => ["__PAGE__", {}, null, null, 0, search];
const show = (children: unknown, slots: Readonly<Record<string, unknown>> = {}): void => {
  const tree = ["", { children, ...slots }, null, "refetch", 16];
  vi.stubGlobal("history", { state: { __NA: true, __PRIVATE_NEXTJS_INTERNALS_TREE: { tree } } });
};

afterEach(() => void vi.unstubAllGlobals());

describe("what the router shows", () => {
  it("is named by the paths of its pages, without groups, and with the values of dynamic segments", () => {
    show(page());
    expect(shownPaths()).toEqual(["/"]);
    show(["(shop)", { children: ["posts", { children: [["id", "7", "d", null], { children: page("?q=1") }] }] }]);
    expect(shownPaths()).toEqual(["/posts/7"]);
    show([["all", "a/b", "c"], { children: page() }]);
    expect(shownPaths()).toEqual(["/a/b"]);
    show([["all", "", "oc"], { children: page() }]);
    expect(shownPaths()).toEqual(["/"]);
    show(["/_not-found", { children: page() }]);
    expect(shownPaths()).toEqual(["/_not-found"]);
  });

  it("has one path for each slot, also an intercepted one", () => {
    show(["feed", { children: page(), modal: ["(.)photo", { children: [["id", "1", "d"], { children: page() }] }] }]);
    expect(shownPaths()).toEqual(["/feed", "/feed/(.)photo/1"]);
    show(["feed", { children: page(), modal: [["id", "1", "di(..)(..)"], { children: page() }] }]);
    expect(shownPaths()).toEqual(["/feed", "/feed/(..)(..)1"]);
    show(["feed", { children: ["__DEFAULT__", {}], side: ["(__SLOT__)", { children: page() }] }]);
    expect(shownPaths()).toEqual(["/feed"]);
  });

  it("is of one address, unless something is intercepted or a slot shows another address", () => {
    show(["(shop)", { children: page(), side: page() }]);
    expect(isOfOneAddress()).toBe(true);
    show(["feed", { children: page(), modal: ["(...)photo", { children: page() }] }]);
    expect(isOfOneAddress()).toBe(false);
    show(["feed", { children: page(), modal: [["id", "1", "di(.)"], { children: page() }] }]);
    expect(isOfOneAddress()).toBe(false);
    show(["dash", { children: ["__PAGE__", {}, ["/dash", ""], null, 0], side: page() }]);
    expect(isOfOneAddress()).toBe(false);
  });

  it("is the same with other marks, and another with another parameter, search or slot", () => {
    const tree = (search: string, id = "1", mark: unknown = null): string | undefined => {
      show([["id", id, "d", ["new"]], { children: page(search) }, null, mark, mark]);
      return shownTree();
    };
    expect(tree("?a=1", "1", "refetch")).toBe(tree("?a=1"));
    expect(tree("?a=2")).not.toBe(tree("?a=1"));
    expect(tree("?a=1", "2")).not.toBe(tree("?a=1"));
  });

  it("is unknown where the history entry is somebody else's", () => {
    for (const state of [null, {}, { __PRIVATE_NEXTJS_INTERNALS_TREE: true }, "text"]) {
      vi.stubGlobal("history", { state });
      expect([shownTree(), shownPaths(), isOfOneAddress()]).toEqual([undefined, undefined, false]);
    }
  });
});
