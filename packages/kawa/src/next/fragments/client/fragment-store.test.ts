import { describe, expect, it, vi } from "vitest";
import { type Content, FragmentStore, type ShownFragment } from "./fragment-store.ts";

type Recorded = ShownFragment & { readonly contents: Content[] };

function shown(token: string, { render = `render-of-${token}`, versions = "e@1" } = {}): Recorded {
  const contents: Content[] = [];
  return { token, render, versions, contents, show: (content) => void contents.push(content) };
}

describe("what is to be pushed", () => {
  it("has each fragment once, though it is shown several times", () => {
    const store = new FragmentStore();
    for (const fragment of [shown("a"), shown("b"), shown("a")]) store.add(fragment);
    expect(store.toPush()).toEqual([
      { token: "a", render: "render-of-a", versions: "e@1" },
      { token: "b", render: "render-of-b", versions: "e@1" },
    ]);
  });

  it("is of unknown age where one fragment is shown at two versions", () => {
    const store = new FragmentStore();
    store.add(shown("a"));
    store.add(shown("a", { versions: "e@2" }));
    expect(store.toPush().map(({ versions }) => versions)).toEqual([""]);
  });

  it("loses what is not shown any more", () => {
    const store = new FragmentStore();
    const remove = store.add(shown("a"));
    remove();
    expect(store.toPush()).toEqual([]);
  });
});

describe("new content", () => {
  it("does not reach a place where the route was rendered since it was asked for, and is asked for there on its own", () => {
    const store = new FragmentStore();
    const [before, after] = [shown("a"), shown("a", { render: "newer" })];
    for (const fragment of [before, after]) store.add(fragment);
    store.show(before, { node: "new", versions: "e@2" });
    expect([before.contents.length, after.contents.length]).toEqual([1, 0]);
    expect(store.toPush().map(({ render }) => render)).toEqual(["render-of-a", "newer"]);
  });

  it("reaches each place that shows the fragment, and no other", () => {
    const store = new FragmentStore();
    const fragments = [shown("a"), shown("b"), shown("a")];
    for (const fragment of fragments) store.add(fragment);
    const content = { node: "new", versions: "e@2" };
    store.show(fragments[0]!, content);
    expect(fragments.map(({ contents }) => contents)).toEqual([[content], [], [content]]);
  });
});

describe("the renders that nobody pushes", () => {
  it("are none while the tab has not been told otherwise", () => {
    const store = new FragmentStore();
    store.add(shown("a"));
    expect(store.shown).toEqual([]);
  });

  it("are those that a server cannot render, until one can", () => {
    const store = new FragmentStore();
    for (const token of ["a", "b"]) store.add(shown(token));
    store.setUnpushed(["b"]);
    expect(store.shown).toEqual([["render-of-b", "e@1"]]);
    store.fail("a");
    expect(store.shown).toEqual([
      ["render-of-a", "e@1"],
      ["render-of-b", "e@1"],
    ]);
    store.show(shown("a"), { node: "new", versions: "e@2" });
    expect(store.shown).toEqual([["render-of-b", "e@1"]]);
  });

  it("are all of them without a push", () => {
    const store = new FragmentStore();
    for (const token of ["a", "b"]) store.add(shown(token));
    store.setUnpushed("all");
    store.fail("a");
    expect(store.shown).toHaveLength(2);
  });

  it("are also those that an error has taken from the screen, until they are back or the page is left", () => {
    const store = new FragmentStore();
    const fragment = shown("a");
    store.add(fragment)();
    store.lose(fragment);
    expect(store.shown).toEqual([["render-of-a", "e@1"]]);
    store.add(fragment)();
    expect(store.shown).toEqual([]);
    store.lose(fragment);
    store.onMove();
    expect(store.shown).toEqual([]);
  });
});

describe("a listener", () => {
  it("hears of what comes, goes and is pushed, until it has enough", () => {
    const store = new FragmentStore();
    const listener = vi.fn<() => void>();
    const stop = store.subscribe(listener);
    const remove = store.add(shown("a"));
    expect(listener).toHaveBeenCalledTimes(1);
    store.setUnpushed("all");
    expect(listener).toHaveBeenCalledTimes(2);
    remove();
    expect(listener).toHaveBeenCalledTimes(3);
    stop();
    store.add(shown("b"));
    expect(listener).toHaveBeenCalledTimes(3);
  });
});
