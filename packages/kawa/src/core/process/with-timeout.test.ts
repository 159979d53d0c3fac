import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { withTimeout } from "./with-timeout.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("withTimeout", () => {
  it("gives what the work gives in time, and leaves no timer", async () => {
    expect(await withTimeout(Promise.resolve(1), 100, () => 2)).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives undefined where the work does, although time was left", async () => {
    expect(await withTimeout(Promise.resolve(undefined), 100, () => "late")).toBeUndefined();
  });

  it("fails as the work does in time, and leaves no timer", async () => {
    const failure = new Error("no");
    expect(await caught(() => withTimeout(Promise.reject(failure), 100, () => 2))).toBe(failure);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives what onTimeout returns, not a moment before", async () => {
    const settled = vi.fn<(value: unknown) => void>();
    const result = withTimeout(new Promise<never>(() => {}), 100, () => "late");
    void result.then(settled);
    await vi.advanceTimersByTimeAsync(99);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await result).toBe("late");
  });

  it("fails with what onTimeout throws", async () => {
    const failure = new Error("late");
    const result = caught(() =>
      withTimeout(new Promise<never>(() => {}), 100, () => {
        throw failure;
      }),
    );
    await vi.advanceTimersByTimeAsync(100);
    expect(await result).toBe(failure);
  });

  it("leaves no unhandled rejection when the work fails later", async () => {
    const unhandled = vi.fn<(reason: unknown) => void>();
    process.on("unhandledRejection", unhandled);
    const { promise: work, reject } = Promise.withResolvers<never>();
    const result = withTimeout(work, 100, () => "late");
    await vi.advanceTimersByTimeAsync(100);
    expect(await result).toBe("late");
    reject(new Error("too late for anybody"));
    vi.useRealTimers();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
