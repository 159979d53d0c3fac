import { beforeEach, expect, it, vi } from "vitest";

const told: string[] = [];
vi.mock("react-dom", () => ({ prefetchDNS: (href: string) => void told.push(href.split(":").slice(0, 3).join(":")) }));
const { ToldVersions } = await import("../../src/react/render/told-versions.ts");

beforeEach(() => void told.splice(0));

it("tells the newest number that was read of each history, and none that is older", () => {
  const versions = new ToldVersions();
  for (const seq of [5, 3, 5, 7]) versions.note(seq, { epoch: "e1", seq: 100 });
  versions.note(2, { epoch: "e2", seq: 9 });
  expect(told).toEqual(["#kawa:e1:5", "#kawa:e1:7", "#kawa:e2:2"]);
});

it("ends with what everything is older than when numbers grow and grow", () => {
  const versions = new ToldVersions();
  for (let seq = 1; seq <= 50; seq += 1) versions.note(seq, { epoch: "e1", seq: 60 });
  expect(told).toHaveLength(8);
  expect(told.at(-1)).toBe("#kawa:e1:60");
});
