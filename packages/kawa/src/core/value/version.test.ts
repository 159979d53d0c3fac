import { runInThisContext } from "node:vm";
import { describe, expect, it, vi } from "vitest";
import { formatVersions, parseVersions, type ShownVersions, toShownVersions } from "./version.ts";

describe("formatVersions and parseVersions", () => {
  it("writes one part a history, and the name of no backend", () => {
    expect(
      formatVersions(
        toShownVersions([
          { epoch: "e1", seq: 7 },
          { epoch: "m", seq: 0 },
        ]),
      ),
    ).toBe("e1@7;m@0");
  });

  it("writes nothing for no backends, and reads it back as none", () => {
    expect(formatVersions({})).toBe("");
    expect(Object.keys(parseVersions(""))).toEqual([]);
  });

  it.each<[string, ShownVersions]>([
    ["several backends", { x: 1, y: 2 }],
    ["every character of an epoch", { "x-1_Z": 3 }],
    ["the time of a render", { x: 1, "": 1_764_364_800_000 }],
    ["the largest exact number", { x: Number.MAX_SAFE_INTEGER }],
  ])("gives back %s", (_, versions) => {
    expect({ ...parseVersions(formatVersions(versions)) }).toEqual(versions);
  });

  it.each(["nonsense", "e@", "e@-1", "e@1.5", "e@1e3", "<b>@1", "e@1@2", "a=e@1", ";;;"])(
    "leaves out the malformed part %j and keeps its neighbours",
    (part) => {
      expect({ ...parseVersions(`x@1;${part};y@2`) }).toEqual({ x: 1, y: 2 });
    },
  );

  it("treats names of the object prototype as ordinary epochs", () => {
    const versions = parseVersions("__proto__@1;constructor@2");
    expect(versions["toString"]).toBeUndefined();
    expect([versions["__proto__"], versions["constructor"]]).toEqual([1, 2]);
    expect(formatVersions(versions)).toBe("__proto__@1;constructor@2");
  });

  it("reads a long hostile text in linear time", () => {
    const text = "a".repeat(500_000) + "@".repeat(500_000) + ";".repeat(500_000);
    let read: ShownVersions | undefined;
    vi.stubGlobal("readHostileText", () => (read = parseVersions(text)));
    // Were each character looked at for each other one, it would take hours.
    runInThisContext("readHostileText()", { timeout: 20_000 });
    vi.unstubAllGlobals();
    expect(Object.keys(read!)).toEqual([]);
  });
});
