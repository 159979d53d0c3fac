import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium, expect, type Page } from "@playwright/test";
import { chromiumArgs, ensureChromium } from "../e2e/chromium.ts";
import { type Form, installApp, type Manager } from "./install-app.ts";
import { pack } from "./pack.ts";
import { nodeBinary } from "./tools.ts";

// What a stranger does: installs the tarballs in an app of their own, builds it, starts it, writes, and sees it.
//
// --manager npm | pnpm | pnpm-10 | yarn | yarn-berry
// --form lean | overrides | bare: how RivetKit is installed (scripts/install-app.ts)
// --node 22: with that version of Node
// --cold: with an empty cache of the package manager, to measure the install
// --install-only: and nothing else

const root = join(import.meta.dirname, "..");
const folder = mkdtempSync(join(tmpdir(), "kawa-app-"));
const next = join(folder, "node_modules/next/dist/bin/next");
const waitMs = 60_000;

const { values: options } = parseArgs({
  options: {
    manager: { type: "string", default: "npm" },
    form: { type: "string", default: "lean" },
    node: { type: "string" },
    cold: { type: "boolean", default: false },
    "install-only": { type: "boolean", default: false },
  },
});
const node = nodeBinary(options.node);

function build(): void {
  const startedAt = performance.now();
  execFileSync(node, [next, "build"], { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  console.log(`next build: ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

async function start(port: number): Promise<ChildProcess> {
  const server = spawn(node, [next, "start", "--port", String(port)], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
  });
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
  installApp(folder, join(root, "e2e/installed-app"), {
    tarball: pack(),
    manager: options.manager as Manager,
    form: options.form as Form,
    isCold: options.cold,
    node,
  });
  if (!options["install-only"]) {
    build();
    await tryIt();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
