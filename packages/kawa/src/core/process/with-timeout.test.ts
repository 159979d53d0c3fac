import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { withTimeout } from "./with-timeout.ts";

const late = (): Error => new Error("late");

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a wait with a timeout", () => {
  it("gives what the work gives, and leaves no timer behind", async () => {
    await expect(withTimeout(Promise.resolve(1), 100, late)).resolves.toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rejects as the work does, and leaves no timer behind", async () => {
    await expect(withTimeout(Promise.reject(new Error("broken")), 100, late)).rejects.toThrow("broken");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rejects with the error that is made when the time is over", async () => {
    const onTimeout = vi.fn<() => Error>(late);
    const waited = caught(() => withTimeout(new Promise(() => {}), 100, onTimeout));
    await vi.advanceTimersByTimeAsync(99);
    expect(onTimeout).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await waited).toEqual(new Error("late"));
  });

  it("reports no failure of work that nobody waits for any more", async () => {
    const { promise, reject } = Promise.withResolvers<void>();
    const waited = caught(() => withTimeout(promise, 100, late));
    await vi.advanceTimersByTimeAsync(100);
    expect(await waited).toEqual(new Error("late"));
    reject(new Error("an unhandled rejection would fail this test"));
    await vi.advanceTimersByTimeAsync(1);
  });
});
