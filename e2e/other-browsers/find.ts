import { execFileSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { delimiter, join } from "node:path";

type WebKit = {
  readonly driver: string;
  /** The browser of WebKitGTK's own tests. */
  readonly browser: string;
  /** A display for it, where there is none. */
  readonly display: string;
};

/** Debian's packages of all that is needed. */
const packages = ["firefox-esr", "webkit2gtk-driver", "xvfb"];
const missing = (what: string): string =>
  `No ${what} on this machine. On Debian: apt-get install ${packages.join(" ")}`;

export const missingFirefox = missing("Firefox");
export const missingWebKit = missing("WebKitWebDriver with MiniBrowser and Xvfb");

function findCommand(...names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path));
}

export function findFirefox(): string | undefined {
  return findCommand("firefox-esr", "firefox");
}

export function findWebKit(): WebKit | undefined {
  const [driver, display] = [findCommand("WebKitWebDriver"), findCommand("Xvfb")];
  const [browser] = globSync("/usr/{lib,libexec}/{*/,}webkit*-4.1/MiniBrowser");
  return driver && display && browser ? { driver, display, browser } : undefined;
}

/**
 * Gets the other browsers from Debian's packages if this is root on Debian and one is missing. Elsewhere their tests are skipped.
 *
 * @throws {Error} in CI, if one is missing then.
 */
export function ensureOtherBrowsers(): void {
  if (findFirefox() && findWebKit()) return;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) install();
  const complaints = [findFirefox() ? [] : missingFirefox, findWebKit() ? [] : missingWebKit].flat();
  if (process.env.CI && complaints.length > 0) throw new Error(complaints.join("\n"));
}

function install(): void {
  for (const [args, timeout] of [
    [["update", "-qq"], 120_000],
    [["install", "-y", "-qq", "--no-install-recommends", ...packages], 600_000],
  ] as const) {
    console.log(`Other browsers: apt-get ${args.join(" ")}`);
    try {
      execFileSync("apt-get", args, {
        stdio: ["ignore", "ignore", "inherit"],
        timeout,
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      });
    } catch {
      // A stale index is no reason to give up: what is there then decides.
    }
  }
}
