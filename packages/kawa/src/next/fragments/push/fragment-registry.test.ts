import { afterEach, describe, expect, it, vi } from "vitest";
import { fragmentComponent, registerFragment } from "./fragment-registry.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const one = (): null => null;
const two = (): null => null;

describe("the components that can be pushed", () => {
  it("are found by their ids", () => {
    registerFragment("found", one);
    expect(fragmentComponent("found")).toBe(one);
    expect(fragmentComponent("never made")).toBeUndefined();
  });

  it("are not two of one id: nobody could tell which is meant", () => {
    vi.stubEnv("NODE_ENV", "production");
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    registerFragment("twice", one);
    registerFragment("twice", two);
    expect(fragmentComponent("twice")).toBeUndefined();
    expect(warn.mock.calls.map(String)).toEqual([expect.stringContaining("components have the id twice")]);
  });

  it("are replaced in development, where a second one usually is the same line after an edit", () => {
    vi.stubEnv("NODE_ENV", "development");
    registerFragment("edited", one);
    registerFragment("edited", two);
    expect(fragmentComponent("edited")).toBe(two);
  });

  it("are those that any copy of this module was told of", async () => {
    vi.resetModules();
    const copy = await import("./fragment-registry.ts");
    copy.registerFragment("of a copy", one);
    registerFragment("of a copy", two);
    expect(fragmentComponent("of a copy")).toBe(two);
  });
});
