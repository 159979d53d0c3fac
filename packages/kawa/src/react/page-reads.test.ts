import { describe, expect, it } from "vitest";
import { PageReads, pageReads } from "./page-reads.ts";

describe("PageReads", () => {
  it("knows which keys of which backend a path has read", () => {
    const reads = new PageReads();
    reads.add("/", "b", "counter");
    reads.add("/", "b", "counter");
    reads.add("/", "c", "theme");
    expect([...reads.keysOf("/")!]).toEqual(["b\ncounter", "c\ntheme"]);
    expect(reads.mayShow("/", "b", "counter")).toBe(true);
    expect(reads.mayShow("/", "b", "theme")).toBe(false);
    expect(reads.mayShow("/", "c", "theme")).toBe(true);
  });

  it("says of a path that it does not know that it may show anything", () => {
    const reads = new PageReads();
    expect(reads.mayShow("/unknown", "b", "counter")).toBe(true);
    expect(reads.keysOf("/unknown")).toBeUndefined();
  });

  it("tells whether a path has surely read a key", () => {
    const reads = new PageReads();
    expect(reads.isEmpty).toBe(true);
    reads.add("/", "b", "counter");
    expect(reads.isEmpty).toBe(false);
    expect(reads.hasRead("/", "b", "counter")).toBe(true);
    expect(reads.hasRead("/", "b", "theme")).toBe(false);
    expect(reads.hasRead("/unknown", "b", "counter")).toBe(false);
  });

  it("keeps the 1,000 paths that were read last", () => {
    const reads = new PageReads();
    for (let n = 0; n < 1_000; n += 1) reads.add(`/${n}`, "b", "k");
    reads.add("/0", "b", "again");
    reads.add("/new", "b", "k");
    expect(reads.keysOf("/1")).toBeUndefined();
    expect(reads.keysOf("/0")!.size).toBe(2);
    expect(reads.keysOf("/2")!.size).toBe(1);
    expect(reads.keysOf("/new")!.size).toBe(1);
  });

  it("says of a path that read more than 5,000 keys that it may show anything, and keeps none of them", () => {
    const reads = new PageReads();
    for (let n = 0; n < 5_000; n += 1) reads.add("/", "b", `k${n}`);
    expect(reads.mayShow("/", "b", "never read")).toBe(false);
    reads.add("/", "b", "one more");
    expect(reads.keysOf("/")).toBeUndefined();
    expect(reads.mayShow("/", "b", "never read")).toBe(true);
    reads.add("/", "b", "and another");
    expect(reads.keysOf("/")).toBeUndefined();
  });

  it("is one for the process", () => {
    expect(pageReads()).toBe(pageReads());
  });
});
