import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { NextConfig } from "next";
import { afterEach, expect, it, onTestFinished, vi } from "vitest";
import { makeTempFolder } from "../../test/support/temp-folder.ts";
import { warnOfRootMatcher } from "./root-matcher.ts";

const pattern = `{ source: "/((?!api|_next/static).*)" }`;

afterEach(() => {
  delete process.env["KAWA_MATCHER_TOLD"];
});

/** What is said of an app with this matcher. */
function saidOf(
  matcher: string,
  { file = "middleware.ts", config = { basePath: "/shop" } as NextConfig, times = 1 } = {},
): string[] {
  const { path: app, remove } = makeTempFolder();
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  onTestFinished(() => {
    warn.mockRestore();
    remove();
  });
  mkdirSync(dirname(join(app, file)), { recursive: true });
  writeFileSync(join(app, file), `export const config = { matcher: [${matcher}] };`);
  for (let n = 0; n < times; n += 1) warnOfRootMatcher(config, app);
  return warn.mock.calls.map(([text]) => String(text));
}

it.each(["middleware.ts", "proxy.ts", "src/proxy.js"])(
  "says once that %s leaves out the root page, and what to add",
  (file) => {
    const said = saidOf(pattern, { file, times: 3 });
    expect(said).toEqual([expect.stringContaining(`${file} does not run for the page at /shop`)]);
    expect(said[0]).toContain(`matcher: ["/", …]`);
  },
);

it.each<[string, string, NextConfig]>([
  ["it names the root page", `"/", ${pattern}`, { basePath: "/shop" }],
  ["it names the root page with a condition", `{ source: "/", missing: [] }, ${pattern}`, { basePath: "/shop" }],
  ["it names all pages", `"/:path*"`, { basePath: "/shop" }],
  ["it names pages alone", `"/account/:path*"`, { basePath: "/shop" }],
  ["there is no path", pattern, {}],
  ["addresses end with a slash", pattern, { basePath: "/shop", trailingSlash: true }],
])("says nothing where %s", (_, matcher, config) => {
  expect(saidOf(matcher, { config })).toEqual([]);
});
