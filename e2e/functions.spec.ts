import { globSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { expect, test } from "@playwright/test";
import { buildFixture } from "./support/build.ts";
import { appDir } from "./support/server.ts";

/** Platforms of functions allow more, but a large function starts late. */
const maxBytes = 60_000_000;

test("a function of a serverless platform has RivetKit's runtime, no engine, and less than 60 MB", () => {
  const dir = join(appDir, "e2e/wiring-app");
  const { hasSucceeded, log } = buildFixture(dir, { KAWA_HOSTING: "serverless" });
  expect(hasSucceeded, log).toBe(true);
  const functions = globSync(".next/server/app/**/*.nft.json", { cwd: dir });
  expect(functions.length).toBeGreaterThan(2);
  for (const name of functions) {
    const list = join(dir, name);
    const { files } = JSON.parse(readFileSync(list, "utf8")) as { files: readonly string[] };
    const paths = files.map((file) => resolve(dirname(list), file));
    const large = paths.filter((path) => statSync(path).size > 10_000_000).map((path) => basename(path));
    expect.soft(large, name).toEqual([expect.stringMatching(/^rivetkit-napi\..*\.node$/)]);
    expect
      .soft(
        paths.reduce((bytes, path) => bytes + statSync(path).size, 0),
        name,
      )
      .toBeLessThan(maxBytes);
  }
});
