import { beforeEach, describe, expect, it, vi } from "vitest";
import { KeptSegments } from "./kept-segments.ts";

let shown: Record<string, boolean>;
const router = vi.hoisted(() => ({ listSegments: vi.fn<() => Map<unknown, (() => void) | undefined>>() }));
const drop = vi.fn<() => void>();
vi.mock("#router-segments", () => router);

beforeEach(() => {
  shown = { layout: false, page: false };
  router.listSegments
    .mockReset()
    .mockImplementation(
      () => new Map(Object.entries(shown).map(([content, isKept]) => [content, isKept ? drop : undefined])),
    );
  drop.mockReset();
});

/** A tab that has shown its first page. */
function openTab(): KeptSegments {
  const segments = new KeptSegments();
  expect(segments.commit(true, false)).toBe(false);
  return segments;
}

const navigate = (segments: KeptSegments): boolean => segments.commit(false, false);

describe("what Next keeps", () => {
  it("is current for as long as nothing was rendered in place of it", () => {
    const segments = openTab();
    shown = { layout: true, prefetched: true };
    expect(navigate(segments)).toBe(false);
    expect(segments.drop()).toBe(true);
  });

  it("is old where a navigation shows it after a render", () => {
    const segments = openTab();
    expect(segments.commit(true, false)).toBe(false);
    shown = { layout: false, prefetched: true };
    expect(navigate(segments)).toBe(true);
    expect(segments.drop()).toBe(true);
  });

  it("is a copy of what was shown already where a navigation leaves it on the screen", () => {
    const segments = openTab();
    segments.commit(true, false);
    shown = { layout: true, other: false };
    expect(navigate(segments)).toBe(false);
  });

  it("is thrown away when a refresh starts, and asks for a stronger one where it was kept all the same", () => {
    const segments = openTab();
    shown = { layout: true, page: false };
    expect(segments.drop()).toBe(true);
    expect(drop).toHaveBeenCalledTimes(1);
    shown = { layout: true, next: false };
    expect(segments.commit(true, false)).toBe(true);
    expect(segments.drop()).toBe(false);
    expect(segments.commit(true, true)).toBe(false);
    expect(segments.drop()).toBe(true);
  });

  it("is current again after a refresh over which nothing is kept", () => {
    const segments = openTab();
    segments.commit(true, false);
    shown = { layout: true, next: true };
    expect(segments.commit(true, true)).toBe(false);
    shown = { layout: true, prefetched: true };
    expect(navigate(segments)).toBe(false);
  });
});
