import { describe, expect, it } from "vitest";
import { KnownRenders } from "./known-renders.ts";
import { RenderReads } from "./render-reads.ts";

function renderOf(id: string, keyCount: number): RenderReads {
  const render = new RenderReads(id);
  for (let n = 0; n < keyCount; n += 1) render.add("memory", `${id}:${n}`);
  return render;
}

function knownIds(renders: KnownRenders, ids: readonly string[]): string[] {
  return ids.filter((id) => renders.get(id) !== undefined);
}

describe("known renders", () => {
  it("are the last 10,000 that were made or asked for", () => {
    const renders = new KnownRenders();
    for (let n = 0; n < 10_000; n += 1) renders.add(renderOf(`r${n}`, 1));
    renders.get("r0");
    renders.add(renderOf("last", 1));
    expect(knownIds(renders, ["r0", "r1", "r2", "last"])).toEqual(["r0", "r2", "last"]);
  });

  it("have read no more than 500,000 keys in all", () => {
    const renders = new KnownRenders();
    for (let n = 0; n < 102; n += 1) renders.add(renderOf(`r${n}`, 5_000));
    expect(knownIds(renders, ["r0", "r1", "r2", "r101"])).toEqual(["r2", "r101"]);
  });

  it("count what they read later, and only once when they are asked for or made again", () => {
    const renders = new KnownRenders();
    const growing = Array.from({ length: 101 }, (_, n) => renderOf(`r${n}`, 0));
    for (const render of growing) renders.add(render);
    renders.add(growing[3]!);
    renders.get("r4");
    for (const render of growing) for (let n = 0; n < 4_950; n += 1) render.add("memory", `${render.id}:${n}`);
    expect(knownIds(renders, ["r0", "r1", "r100"])).toEqual(["r0", "r1", "r100"]);
    for (let n = 0; n < 100; n += 1) growing[100]!.add("memory", `more:${n}`);
    expect(knownIds(renders, ["r2", "r3", "r4", "r100"])).toEqual(["r3", "r4", "r100"]);
  });

  it("know at least the newest, however much it has read", () => {
    const renders = new KnownRenders();
    renders.add(renderOf("all", 6_000));
    expect(knownIds(renders, ["all"])).toEqual(["all"]);
  });
});
