import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, expect, type Page } from "@playwright/test";
import { chromiumArgs, ensureChromium } from "../e2e/chromium.ts";
import { pack } from "./pack.ts";

// What a stranger does: installs the tarball in an app of their own, builds it, starts it, writes, and sees it. `--bare` leaves out the
// `overrides` of this repository, and shows what an install costs then.

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "kawa-app-"));
const waitMs = 60_000;

type Manifest = Record<"dependencies" | "devDependencies" | "overrides", Record<string, string>>;
const { dependencies, devDependencies, overrides } = JSON.parse(
  readFileSync(join(root, "package.json"), "utf8"),
) as Manifest;

function run(command: string, ...args: string[]): void {
  const startedAt = performance.now();
  execFileSync(command, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  console.log(`${command} ${args[0]}: ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
}

function install(tarball: string): void {
  cpSync(join(root, "e2e/installed-app"), folder, {
    recursive: true,
    filter: (path) => !/\/(\.next|\.rivet|node_modules)(\/|$)/.test(path),
  });
  const { "@arethetypeswrong/core": _tools, vite: _vite, ...ofApps } = overrides;
  const isBare = process.argv.includes("--bare");
  const manifest = { name: "installed-app", private: true, type: "module", overrides: isBare ? {} : ofApps };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  const inTheseVersions = (packages: Record<string, string>, names: string[]) =>
    names.map((name) => `${name}@${packages[name]}`);
  run(
    "npm",
    "install",
    "--prefer-offline",
    tarball,
    ...inTheseVersions(dependencies, ["next", "react", "react-dom", "rivetkit"]),
    ...inTheseVersions(devDependencies, ["@types/node", "@types/react", "@types/react-dom", "typescript"]),
  );
  console.log(execFileSync("du", ["-sh", "node_modules"], { cwd: folder, encoding: "utf8" }).trim());
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function start(port: number): Promise<ChildProcess> {
  const args = [join(folder, "node_modules/next/dist/bin/next"), "start", "--port", String(port)];
  const server = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  await expect(async () => {
    if (server.exitCode !== null) throw new Error(`The server ended with ${server.exitCode}.`);
    expect((await fetch(`http://localhost:${port}/`)).status).toBe(200);
  }).toPass({ timeout: waitMs });
  return server;
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((done) => server.once("exit", done));
  server.kill("SIGTERM");
  await ended;
}

async function expectShown(page: Page, count: number): Promise<void> {
  for (const id of ["server", "fragment", "client"]) {
    await expect(page.locator(`#${id}`)).toHaveText(String(count), { timeout: waitMs });
  }
}

async function tryIt(): Promise<void> {
  const port = await freePort();
  const address = `http://localhost:${port}`;
  const browser = await chromium.launch({ executablePath: ensureChromium(), args: chromiumArgs });
  let server = await start(port);
  try {
    const page = await browser.newPage();
    await page.goto(address);
    await expectShown(page, 0);
    await page.evaluate(() => Object.assign(window, { isSamePage: true }));
    expect((await fetch(`${address}/api/counter`, { method: "POST" })).status).toBe(200);
    await expectShown(page, 1);
    await page.locator("#client").click();
    await expectShown(page, 2);
    await page.getByRole("button", { name: "+1" }).click();
    await expectShown(page, 3);
    expect(await page.evaluate(() => "isSamePage" in window)).toBe(true);
    console.log("live: a route handler, a client component and a server action wrote, and the open page followed");

    await stop(server);
    server = await start(port);
    expect(await (await fetch(address)).text()).toContain('<output id="server">3</output>');
    console.log("durable: the value is there after a restart");
  } finally {
    await browser.close();
    await stop(server);
  }
}

try {
  install(pack());
  run(join(folder, "node_modules/.bin/next"), "build");
  await tryIt();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
