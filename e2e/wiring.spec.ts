import { readFile, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { checkRunning } from "../packages/kawa/src/cli/check-running.ts";
import { expect, test } from "./fixtures.ts";
import { Server } from "./support/server.ts";

/** Five files for a live page, and a page for each step that was forgotten. One `next dev` shows them all. */
const dir = join(import.meta.dirname, "wiring-app");
const compiled = { timeout: 120_000 };

test.describe.configure({ mode: "serial", timeout: 300_000 });

let server: Server;

test.beforeAll(async () => {
  server = await Server.start({ dir, isDev: true, home: "/write", startTimeoutMs: 120_000 });
});

test.afterAll(async () => {
  await server?.stop({ signal: "SIGINT", toGroup: true });
  await server?.dispose();
  await rm(join(dir, ".next/dev"), { recursive: true, force: true, maxRetries: 5 });
});

async function write(): Promise<number> {
  const response = await fetch(`${server.url}/write`, { method: "POST" });
  expect(response.status).toBe(200);
  return (await response.json()) as number;
}

function noticeOf(page: Page, code: string) {
  return page.locator(`[data-kawa-notice="${code}"]`);
}

/** The terminal says it once. Next repeats what a page logs, with a mark of its own. */
async function expectSaidOnce(code: string): Promise<void> {
  await expect.poll(() => server.log(), compiled).toContain(`(${code})`);
  const lines = server
    .log()
    .split("\n")
    .filter((line) => line.includes("[kawa]") && line.includes(`(${code})`));
  expect(lines).toHaveLength(1);
}

test("five files make a page live: no import of a backend, no instrumentation, no middleware", async ({ page }) => {
  // The very first request knows of nothing but a signal.
  const count = await write();
  expect(count).toBeGreaterThan(0);
  await page.goto(`${server.url}/`, compiled);
  await expect(page.locator("output")).toHaveText(String(count));
  await expect
    .poll(async () => {
      const next = await write();
      await page.waitForTimeout(500);
      return (await page.locator("output").textContent()) === String(next);
    }, compiled)
    .toBe(true);
  expect(server.log()).not.toContain("[kawa]");
});

test("what was written is there after a restart, where no file names a backend", async () => {
  const before = await write();
  await server.stop({ signal: "SIGINT", toGroup: true });
  await server.start();
  expect(await write()).toBe(before + 1);
});

test("a strange host is refused, although no instrumentation.ts has called startKawa()", async () => {
  const { port } = new URL(server.url);
  const options = { host: "127.0.0.1", port, path: "/", headers: { host: "strange.example", accept: "text/html" } };
  const body = await new Promise<string>((resolve, reject) => {
    get(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve(text));
    }).on("error", reject);
  });
  expect(body).not.toMatch(/<output>\d/);
  expect(server.log()).toContain("strange.example");
});

test("kawa doctor finds the running app right", async () => {
  const said = (await checkRunning(server.url)).map(({ state, text }) => `${state}: ${text}`);
  expect(said).toContain("right: /api/reactive streams");
  expect(said).toContain(`right: ${server.url}/ follows its signals through /api/reactive`);
});

test("a page without <LiveUpdates> is named in the terminal and on the page", async ({ page }) => {
  await page.goto(`${server.url}/dead`, compiled);
  await expect(page.locator("output")).toHaveText(/\d/);
  await expect(noticeOf(page, "LIVE_UPDATES_MISSING")).toContainText("app:likes", compiled);
  await expectSaidOnce("LIVE_UPDATES_MISSING");
});

test("an address that no route answers is named in the terminal and on the page", async ({ page }) => {
  await page.goto(`${server.url}/lost`, compiled);
  await expect(noticeOf(page, "ROUTE_MISSING")).toContainText("/api/missing", compiled);
  await expectSaidOnce("ROUTE_MISSING");
});

test("a route without signals is named in the terminal and on the page", async ({ page }) => {
  await page.goto(`${server.url}/closed`, compiled);
  await expect(noticeOf(page, "NOT_EXPOSED")).toContainText("createReactiveRoute({ signals })", compiled);
  await expectSaidOnce("NOT_EXPOSED");
});

test("a middleware at the edge fails, and says which line it lacks", async ({ page }) => {
  const path = join(dir, "middleware.ts");
  const before = await readFile(path, "utf8");
  await writeFile(path, 'export { withRenderId as middleware } from "kawa/next/middleware";\n');
  try {
    await expect
      .poll(async () => {
        await page.goto(`${server.url}/`, compiled).catch(() => {});
        return server.log();
      }, compiled)
      .toContain("RUNTIME_UNSUPPORTED");
    expect(server.log()).toContain('runtime: "nodejs"');
  } finally {
    await writeFile(path, before);
  }
});

test("a lib/backend that nothing imports is the backend, in pages, routes and after an edit", async () => {
  const path = join(dir, "lib/backend.ts");
  const text = (id: string): string =>
    'import { initReactiveBackend, reactiveRegistry } from "kawa/rivetkit";\n' +
    `initReactiveBackend({ registry: reactiveRegistry, actorId: "${id}" });\n`;
  await server.stop({ signal: "SIGINT", toGroup: true });
  await writeFile(path, text("one"));
  try {
    await server.start();
    expect(await write()).toBe(1);
    const html = async (): Promise<string> => (await fetch(`${server.url}/`)).text();
    expect(await html()).toContain("<output>1</output>");
    await writeFile(path, text("two"));
    await expect.poll(html, compiled).toContain("<output>0</output>");
  } finally {
    await rm(path);
  }
});

test("without withKawa() nothing is kept in memory: a write fails and says why", async () => {
  await server.stop({ signal: "SIGINT", toGroup: true });
  const bare = await Server.start({ dir, isDev: true, home: "/write", env: { KAWA_E2E_WITHOUT: "config" } });
  try {
    const response = await fetch(`${bare.url}/write`, { method: "POST" });
    expect(response.status).toBe(500);
    expect(bare.log()).toContain("(BACKEND_MISSING)");
    await fetch(`${bare.url}/`);
    await expect.poll(() => bare.log(), compiled).toContain("(CONFIG_MISSING)");
  } finally {
    await bare.stop({ signal: "SIGINT", toGroup: true });
    await bare.dispose();
  }
});
