import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { KawaError, kawaErrorCodes } from "../src/core/errors.ts";

const folder = join(import.meta.dirname, "../../../docs/errors");

describe("docs/errors", () => {
  it("has one page for each error code and no other", () => {
    expect(readdirSync(folder).toSorted()).toEqual(kawaErrorCodes.map((code) => `${code}.md`).toSorted());
  });

  it.each(kawaErrorCodes)("says of %s what the table of codes says", (code) => {
    const { status, retryable } = new KawaError(code, "");
    const lines = readFileSync(join(folder, `${code}.md`), "utf8").split("\n");
    expect(lines[0]).toBe(`# ${code}`);
    expect(lines.filter((line) => line.startsWith("- HTTP status: "))).toEqual([`- HTTP status: ${status}`]);
    expect(lines.filter((line) => line.startsWith("- Retryable: "))).toEqual([`- Retryable: ${retryable ? "yes" : "no"}`]);
  });
});
