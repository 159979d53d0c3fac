import { expect, it, vi } from "vitest";
import { RenderFloor } from "./render-floor.ts";

it("is updating until all of the answer that was asked for last has come, and a second longer", () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  try {
    const floor = new RenderFloor();
    expect(floor.isUpdating).toBe(false);
    floor.coming = "http://a.test/one?_rsc=1";
    floor.coming = "http://a.test/two?_rsc=1";
    now.mockReturnValue(60_000);
    expect(floor.isUpdating).toBe(true);
    // What is prefetched meanwhile, and the navigation that was given up.
    floor.end("http://a.test/three?_rsc=1");
    floor.end("http://a.test/one?_rsc=1");
    now.mockReturnValue(120_000);
    expect(floor.isUpdating).toBe(true);
    floor.end("http://a.test/two?_rsc=1");
    expect(floor.isUpdating).toBe(true);
    now.mockReturnValue(121_000);
    expect(floor.isUpdating).toBe(false);
  } finally {
    now.mockRestore();
  }
});
