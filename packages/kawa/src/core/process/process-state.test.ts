import { afterEach, describe, expect, it, vi } from "vitest";
import { processState } from "./process-state.ts";

describe("processState", () => {
  afterEach(() => {
    for (const name of ["test-a", "test-b", "test-undefined"])
      Reflect.deleteProperty(globalThis, Symbol.for(`kawa.${name}`));
  });

  it("makes a value once and returns the same one afterwards", () => {
    const create = vi.fn<() => object>(() => ({}));
    const first = processState("test-a", create);
    expect(processState("test-a", create)).toBe(first);
    expect(create).toHaveBeenCalledTimes(1);
  });

  it("keeps values of different names apart", () => {
    expect(processState("test-a", () => "a")).toBe("a");
    expect(processState("test-b", () => "b")).toBe("b");
  });

  it("is shared with another copy of the module", async () => {
    const value = processState("test-a", () => ({ n: 1 }));
    vi.resetModules();
    const copy = await import("./process-state.ts");
    expect(copy.processState).not.toBe(processState);
    expect(copy.processState("test-a", () => ({ n: 2 }))).toBe(value);
  });

  it("remembers undefined as a value", () => {
    const create = vi.fn<() => undefined>(() => undefined);
    processState("test-undefined", create);
    processState("test-undefined", create);
    expect(create).toHaveBeenCalledTimes(1);
  });

  it("makes the value again after a creation that failed", () => {
    expect(() =>
      processState("test-a", () => {
        throw new Error("not yet");
      }),
    ).toThrow("not yet");
    expect(processState("test-a", () => 2)).toBe(2);
  });
});
