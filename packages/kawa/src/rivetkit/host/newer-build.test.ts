import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { NewerBuild } from "./newer-build.ts";

let hosts = true;
let build: NewerBuild;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
  hosts = true;
  build = new NewerBuild({ version: () => 2, hosts: () => hosts });
});
afterEach(() => void vi.useRealTimers());

const isHere = (...found: readonly (readonly [version: number, ageMs: number])[]): boolean =>
  build.isHere({
    nowMs: 100_000,
    hosts: found.map(([version, ageMs], index) => ({
      key: `host-${index}`,
      createdAtMs: 100_000 - ageMs,
      lastPingAtMs: 100_000,
      version,
      actorCount: 0,
    })),
  });

it("is none while there are only servers of this build and of older ones", () => {
  expect(isHere([2, 9_000], [1, 9_000])).toBe(false);
  expect(isHere()).toBe(false);
});

it("is there once its server has stayed for some seconds", () => {
  expect(isHere([2, 9_000], [3, 1_000])).toBe(false);
  expect(isHere([2, 9_000], [3, 3_000])).toBe(true);
});

it("is told once, and again for one that is newer still", () => {
  expect(isHere([3, 9_000])).toBe(true);
  vi.advanceTimersByTime(60_000);
  hosts = false;
  expect(isHere([3, 9_000])).toBe(false);
  expect(isHere([3, 9_000], [4, 9_000])).toBe(true);
});

it("is told again when actors have come back, after a while", () => {
  expect(isHere([3, 9_000])).toBe(true);
  vi.advanceTimersByTime(5_000);
  expect(isHere([3, 9_000])).toBe(false);
  vi.advanceTimersByTime(6_000);
  expect(isHere([3, 9_000])).toBe(true);
});
