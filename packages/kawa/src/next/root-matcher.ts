import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { NextConfig } from "next";

const names = ["middleware", "proxy"].flatMap((name) => [
  `${name}.ts`,
  `${name}.js`,
  `src/${name}.ts`,
  `src/${name}.js`,
]);
/** Child processes of Next read the configuration too. */
const toldBefore = "KAWA_MATCHER_TOLD";

/**
 * Says that the middleware does not run for the root page, which then has no session and no policy: below a `basePath` the usual pattern does
 * not match it.
 */
export function warnOfRootMatcher({ basePath, trailingSlash }: NextConfig, app: string = process.cwd()): void {
  // With a slash at its end, the address of the root page matches.
  if (!basePath || trailingSlash || process.env[toldBefore] !== undefined) return;
  const name = names.find((each) => leavesOutRoot(textOf(join(app, each))));
  if (name === undefined) return;
  process.env[toldBefore] = "1";
  console.warn(
    `[kawa] ${name} does not run for the page at ${basePath}: below a basePath, the pattern of its matcher begins after that path. ` +
      `Add "/": matcher: ["/", …].`,
  );
}

/** Its matcher has a pattern of whatever is not named, and no line for the root page. */
function leavesOutRoot(text: string): boolean {
  const matcher = text.slice(text.lastIndexOf("matcher"));
  return /["'`]\/\(\(\?!/.test(matcher) && !/["'`]\/(?::path\*)?["'`]/.test(matcher);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
