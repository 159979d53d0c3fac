import { expect, it, vi } from "vitest";
import { RenderedVersions } from "./rendered-versions.ts";

it("is updating until all of the answer that was asked for last has come, and a second longer", () => {
  const now = vi.spyOn(performance, "now").mockReturnValue(0);
  try {
    const rendered = new RenderedVersions();
    expect(rendered.isUpdating).toBe(false);
    rendered.coming = "http://a.test/one?_rsc=1";
    rendered.coming = "http://a.test/two?_rsc=1";
    now.mockReturnValue(60_000);
    expect(rendered.isUpdating).toBe(true);
    // What is prefetched meanwhile, and the navigation that was given up.
    rendered.end("http://a.test/three?_rsc=1");
    rendered.end("http://a.test/one?_rsc=1");
    now.mockReturnValue(120_000);
    expect(rendered.isUpdating).toBe(true);
    rendered.end("http://a.test/two?_rsc=1");
    expect(rendered.isUpdating).toBe(true);
    now.mockReturnValue(121_000);
    expect(rendered.isUpdating).toBe(false);
  } finally {
    now.mockRestore();
  }
});
