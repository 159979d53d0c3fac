import { describe, expect, it } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { type StreamDefinition, streamScopeOf } from "./stream-scope.ts";

const source: StreamDefinition = { place: "lib/use-price.ts:5:3", start: () => 1, deps: ["BTC", 5] };

describe("streamScopeOf", () => {
  it("gives equal names to equal streams, whichever render made them", () => {
    expect(streamScopeOf({ ...source, deps: ["BTC", 5] })).toBe(streamScopeOf(source));
    expect(streamScopeOf({ ...source, deps: [{ at: new Date(0) }, new Set([1])] })).toBe(
      streamScopeOf({ ...source, deps: [{ at: new Date(0) }, new Set([1])] }),
    );
  });

  it.each<[string, Partial<StreamDefinition>]>([
    ["another place", { place: "lib/use-price.ts:6:3" }],
    ["another function", { start: () => 2 }],
    ["other deps", { deps: ["ETH", 5] }],
    ["deps of another type", { deps: ["BTC", "5"] }],
    ["fewer deps", { deps: ["BTC"] }],
  ])("gives another name for %s", (_, difference) => {
    expect(streamScopeOf({ ...source, ...difference })).not.toBe(streamScopeOf(source));
  });

  it("begins with the place, and stays short", () => {
    expect(streamScopeOf(source)).toMatch(/^lib\/use-price\.ts:5:3#[\w-]{43}$/);
    const long = streamScopeOf({ place: "folder/".repeat(100), start: () => {}, deps: ["x".repeat(100_000)] });
    expect(long.length).toBeLessThanOrEqual(200);
  });

  it("needs no place", () => {
    expect(streamScopeOf({ ...source, place: "" })).toMatch(/^#[\w-]{43}$/);
  });

  it("refuses deps that are no plain data", async () => {
    expect(await codeOf(() => streamScopeOf({ ...source, deps: [() => {}] }))).toBe("VALUE_UNSERIALIZABLE");
    expect(await codeOf(() => streamScopeOf({ ...source, deps: ["x".repeat(300_000)] }))).toBe("VALUE_TOO_LARGE");
  });
});
