import { describe, expect, it } from "vitest";
import { DrainWatch } from "./drain-watch.ts";
import { drainTimeoutMs } from "./limits.ts";

describe("a client under backpressure", () => {
  it("is blocked, gone after a while, and flows again whenever it drains", () => {
    const watch = new DrainWatch();
    const [start, end] = [0, drainTimeoutMs];
    expect(watch.look(false, start)).toBe("flowing");
    expect(watch.look(true, start)).toBe("blocked");
    expect(watch.look(true, end - 1)).toBe("blocked");
    expect(watch.look(true, end)).toBe("gone");
    expect(watch.look(false, end)).toBe("flowing");
    expect(watch.look(true, end)).toBe("blocked");
    expect(watch.look(false, end + 1)).toBe("flowing");
  });
});
