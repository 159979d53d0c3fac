import { describe, expect, it } from "vitest";
import { checkChanges, nextVersion, splitChangelog } from "../../../scripts/release-notes.ts";

describe("the next version", () => {
  it.each([
    ["1.2.3", "major", "2.0.0"],
    ["1.2.3", "minor", "1.3.0"],
    ["1.2.3", "patch", "1.2.4"],
  ] as const)("after %s, %s, is %s", (current, kind, next) => expect(nextVersion(current, kind)).toBe(next));

  it("is not guessed", () => expect(() => nextVersion("1.2.3-beta.1", "patch")).toThrow("1.2.3-beta.1"));

  it.each([
    ["Breaking", "0.3.0"],
    ["Breaking", "1.0.0"],
    ["Added", "1.3.0"],
    ["Fixed", "1.3.1"],
  ])("for a change under %s may be %s", (heading, version) => {
    expect(() => checkChanges(`### ${heading}\n\n- A change.`, version)).not.toThrow();
  });

  it.each([
    ["Breaking", "0.3.1"],
    ["Breaking", "1.3.0"],
    ["Added", "1.3.1"],
  ])("for a change under %s may not be %s", (heading, version) => {
    expect(() => checkChanges(`### ${heading}\n\n- A change.`, version)).toThrow(version);
  });

  it("needs changes", () => expect(() => checkChanges("", "1.0.0")).toThrow("nothing to release"));
});

describe("the changes of a release", () => {
  it("are those before the release before", () => {
    const text = "# Changelog\n\n## Unreleased\n\n### Fixed\n\n- One.\n\n## 0.1.0 - 2026-01-01\n\n- Two.\n";
    expect(splitChangelog(text)).toEqual({
      before: "# Changelog\n\n## Unreleased",
      changes: "### Fixed\n\n- One.",
      after: "## 0.1.0 - 2026-01-01\n\n- Two.\n",
    });
  });

  it("are all of the first release", () =>
    expect(splitChangelog("# Changelog\n\n## Unreleased\n\n- One.\n")).toMatchObject({ changes: "- One.", after: "" }));

  it("need their heading", () => expect(() => splitChangelog("# Changelog\n")).toThrow("Unreleased"));
});
