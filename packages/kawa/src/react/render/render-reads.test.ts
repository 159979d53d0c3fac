import { describe, expect, it, vi } from "vitest";
import { KnownRenders, knownRenders } from "./known-renders.ts";
import { createRenderId, isRenderId } from "./render-id.ts";
import { RenderReads } from "./render-reads.ts";

function keysOf({ keys }: RenderReads): Record<string, string[]> {
  return Object.fromEntries([...keys].map(([backendId, ofBackend]) => [backendId, [...ofBackend]]));
}

describe("RenderReads", () => {
  it("has each key once, by backend", () => {
    const render = new RenderReads("r");
    for (const [backendId, key] of [
      ["b", "counter"],
      ["b", "counter"],
      ["c", "counter"],
      ["b", "theme"],
    ] as const)
      render.add(backendId, key);
    expect(keysOf(render)).toEqual({ b: ["counter", "theme"], c: ["counter"] });
  });

  it("tells of keys that are read later, each once, until nobody listens", () => {
    const render = new RenderReads("r");
    render.add("b", "early");
    const onRead = vi.fn<(backendId: string, key: string) => void>();
    const follower = { onRead };
    render.follow(follower);
    render.add("b", "early");
    render.add("b", "late");
    render.add("b", "late");
    render.unfollow(follower);
    render.unfollow(follower);
    render.add("b", "later");
    expect(onRead.mock.calls).toEqual([["b", "late"]]);
  });

  it("grows until all that reads for it has ended, and says so once", () => {
    const render = new RenderReads("r");
    const seen: boolean[] = [];
    render.follow({ onGrowth: () => void seen.push(render.isGrowing) });
    expect(render.isGrowing).toBe(false);
    const [endFirst, endSecond] = [render.grow(), render.grow()];
    endFirst();
    endFirst();
    expect(render.isGrowing).toBe(true);
    endSecond();
    expect(seen).toEqual([true, false]);
  });

  it("is compared with one of another copy of the module, as each part of a server has one", async () => {
    vi.resetModules();
    const other = new (await import("./render-reads.ts")).RenderReads("other");
    const render = new RenderReads("r");
    for (const reads of [render, other]) reads.add("b", "counter");
    render.add("b", "theme");
    expect(other).not.toBeInstanceOf(RenderReads);
    expect([render.covers(other), other.covers(render)]).toEqual([true, false]);
  });

  it("counts as having read everything after 5,000 keys, and says so to who listens", () => {
    const render = new RenderReads("r");
    for (let n = 0; n < 5_000; n += 1) render.add("b", `k${n}`);
    expect(render.isEverything).toBe(false);
    const onRead = vi.fn<() => void>(() => expect(render.isEverything).toBe(true));
    render.follow({ onRead });
    render.add("b", "one more");
    render.add("b", "and another");
    expect(onRead).toHaveBeenCalledTimes(1);
  });

  it("covers another one that has read no other keys, and never one that may have read any", () => {
    const [less, more, everything] = [new RenderReads("l"), new RenderReads("m"), new RenderReads("e")];
    for (const render of [less, more]) render.add("b", "counter");
    more.add("c", "counter");
    for (let n = 0; n <= 5_000; n += 1) everything.add("b", `k${n}`);
    const pairs = [
      [more, less],
      [less, less],
      [less, more],
      [everything, less],
      [less, everything],
    ] as const;
    expect(pairs.map(([one, other]) => one.covers(other))).toEqual([true, true, false, false, false]);
  });

  it("tells who follows it what is shown instead", () => {
    const [render, next] = [new RenderReads("r"), new RenderReads("n")];
    const onReplaced = vi.fn<(next: RenderReads) => void>();
    render.follow({});
    render.follow({ onReplaced });
    render.replaceWith(next);
    expect(onReplaced.mock.calls).toEqual([[next]]);
  });
});

describe("KnownRenders", () => {
  it("keeps the 10,000 renders that were used last", () => {
    const renders = new KnownRenders();
    const made = Array.from({ length: 10_000 }, (_, n) => new RenderReads(`r${n}`));
    for (const render of made) renders.add(render);
    expect(renders.get("r0")).toBe(made[0]);
    renders.add(new RenderReads("new"));
    expect(renders.get("r1")).toBeUndefined();
    expect(renders.get("r0")).toBe(made[0]);
    expect(renders.get("r2")).toBe(made[2]);
  });

  it("is one for the process", () => {
    expect(knownRenders()).toBe(knownRenders());
  });
});

describe("isRenderId", () => {
  it("accepts what createRenderId makes", () => {
    expect(isRenderId(createRenderId())).toBe(true);
  });

  it.each([null, undefined, "", "short", "x".repeat(65), "with spaces in its middle", "<script>alert(1)</script>"])(
    "refuses %j",
    (text) => {
      expect(isRenderId(text)).toBe(false);
    },
  );
});
