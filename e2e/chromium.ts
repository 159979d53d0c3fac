import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";
import { chromium } from "@playwright/test";

/** What a browser in a container needs, plus: no calls home, which a closed network answers slowly. */
export const chromiumArgs = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Debian's package without a window: its pages cost a third of the processor's time. */
const shellName = "chromium-headless-shell";
const commandNames = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

const installPaths = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/**
 * Path of a Chromium that is on this machine: `KAWA_CHROMIUM`, one without a window, Playwright's own, or the system's. Installs nothing.
 */
export function findChromium(): string | undefined {
  const { KAWA_CHROMIUM: chosen } = process.env;
  if (chosen !== undefined && chosen !== "") return chosen;
  return [...onPath(shellName), chromium.executablePath(), ...installPaths, ...commandNames.flatMap(onPath)].find(
    (path) => existsSync(path),
  );
}

function onPath(name: string): string[] {
  return (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
}

/**
 * {@link findChromium}; where there is none, gets one: Debian's package without a window when this is root, else Playwright's download. In
 * CI the package is installed also where there is another one.
 *
 * @throws {Error} when neither works; the message says what to do.
 */
export function ensureChromium(): string {
  if (process.env.CI && !process.env.KAWA_CHROMIUM && !onPath(shellName).some((path) => existsSync(path)))
    installWithApt(shellName);
  const attempts = [() => installWithApt(shellName), downloadWithPlaywright, () => installWithApt("chromium")];
  for (const install of [() => true, ...attempts]) {
    if (!install()) continue;
    const found = findChromium();
    if (found !== undefined) return found;
  }
  throw new Error(
    "The e2e tests need a Chromium and could neither find nor install one. Run `npx playwright install chromium`, " +
      `or install your system's package (Debian: \`apt-get install ${shellName}\`), or set KAWA_CHROMIUM to the path of one.`,
  );
}

function downloadWithPlaywright(): boolean {
  const cli = createRequire(import.meta.url).resolve("@playwright/test/cli");
  return run(process.execPath, [cli, "install", "--no-shell", "chromium"], {
    timeoutMs: 180_000,
    env: { PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: "5000" },
  });
}

function installWithApt(name: string): boolean {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return false;
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  // A stale or partly unreachable index is no reason to give up: the install decides.
  run("apt-get", ["update", "-qq"], { timeoutMs: 120_000, env });
  return run("apt-get", ["install", "-y", "-qq", "--no-install-recommends", name], { timeoutMs: 600_000, env });
}

function run(
  command: string,
  args: readonly string[],
  options: { timeoutMs: number; env: Readonly<Record<string, string>> },
): boolean {
  console.log(`Chromium for the tests: ${command} ${args.join(" ")}`);
  try {
    execFileSync(command, args, {
      stdio: ["ignore", "ignore", "inherit"],
      timeout: options.timeoutMs,
      env: { ...process.env, ...options.env },
    });
    return true;
  } catch {
    return false;
  }
}
