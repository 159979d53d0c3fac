import { beforeEach, describe, expect, it, vi } from "vitest";
import { loadAnew } from "./report-stale.ts";

const reload = vi.fn<() => void>();
let kept: Map<string, string>;

type Page = { hasBeenUsed?: boolean | undefined; isFocused?: boolean; keeps?: boolean };

function enterPage({ hasBeenUsed, isFocused = false, keeps = true }: Page = {}): void {
  const body = {};
  vi.stubGlobal("navigator", {
    userActivation: hasBeenUsed === undefined ? undefined : { hasBeenActive: hasBeenUsed },
  });
  vi.stubGlobal("document", { body, activeElement: isFocused ? {} : body });
  vi.stubGlobal("location", { reload });
  const refuse = (): never => {
    throw new DOMException("Access is denied.", "SecurityError");
  };
  const storage = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
  };
  vi.stubGlobal("sessionStorage", keeps ? storage : { getItem: refuse, setItem: refuse });
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  reload.mockClear();
  kept = new Map();
  return () => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  };
});

describe("the document of a page that no render makes current", () => {
  it("is loaded anew where nobody has used it", () => {
    enterPage({ hasBeenUsed: false });
    loadAnew("e@1");
    expect(reload).toHaveBeenCalledTimes(1);
  });

  it.each<[string, Page]>([
    ["has been used", { hasBeenUsed: true }],
    ["has the focus in a field", { hasBeenUsed: false, isFocused: true }],
    ["is in a browser that does not tell whether it was used", {}],
    ["is in a browser that keeps nothing, in which nobody would notice a loop", { hasBeenUsed: false, keeps: false }],
  ])("stays when it %s", (_what, page) => {
    enterPage(page);
    loadAnew("e@1");
    expect(reload).not.toHaveBeenCalled();
  });

  it("is not loaded in a loop: once for what was announced, and once a minute", () => {
    enterPage({ hasBeenUsed: false });
    for (const announced of ["e@1", "e@2", "e@3"]) loadAnew(announced);
    expect(reload).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(60_000);
    loadAnew("e@1");
    expect(reload).toHaveBeenCalledTimes(1);
    loadAnew("e@4");
    expect(reload).toHaveBeenCalledTimes(2);
  });
});
