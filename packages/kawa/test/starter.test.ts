import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { demoFiles, demoTests } from "../../../scripts/demo-files.ts";

const root = join(import.meta.dirname, "../../..");
const rows = [
  ...readFileSync(join(root, "README.md"), "utf8").matchAll(/^\| (demo|signals|frame|wiring) \| (.*?) \|/gm),
];
const map = new Map(
  rows.map(([, part, files]) => [part!, [...files!.matchAll(/`([^`]+)`/g)].map(([, path]) => path!)]),
);

/** Files of the app. Of another copy than a clone there is no list. */
function filesOfApp(): string[] {
  const folders = ["app", "actors", "lib", "middleware.ts", "instrumentation.ts", "next.config.ts"];
  const args = ["ls-files", "--cached", "--others", "--exclude-standard", "--", ...folders];
  return execFileSync("git", args, { cwd: root, encoding: "utf8" }).trim().split("\n");
}

describe("the map of the starter in README.md", () => {
  it("names what is demo as `npm run eject-demo` deletes it", () => {
    expect(map.get("demo")!.toSorted()).toEqual(demoFiles.toSorted());
    expect([...demoFiles, ...demoTests].filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it.skipIf(!existsSync(join(root, ".git")))("has each file of the app once", () => {
    const paths = [...map.values()].flat();
    const places = filesOfApp()
      .filter((file) => existsSync(join(root, file)))
      .map((file) => ({ file, in: paths.filter((path) => file === path || file.startsWith(`${path}/`)) }));
    expect(places.length).toBeGreaterThan(30);
    expect(places.filter((place) => place.in.length !== 1)).toEqual([]);
  });
});
