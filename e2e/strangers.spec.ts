import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type Page } from "@playwright/test";
import { keysQuery } from "../packages/kawa/src/browser/value-protocol.ts";
import { chromiumArgs, ensureChromium } from "./chromium.ts";
import { expect, test } from "./fixtures.ts";
import { engineAccess } from "./support/engine-access.ts";
import { writeCount } from "./support/lab.ts";

/** What the page shows. */
const secret = 471_103;
/** The page that shows it, and its key. */
const home = "/counter/strangers";
const key = "lab:strangers:counter";

/** What a page gets when it asks for an address, as far as the browser lets it read the answer. */
type Heard = { status: number; text: string } | "unreadable";

function fetchIn(
  page: Page,
  url: string,
  init: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Heard> {
  return page.evaluate(
    async ([address, options]) => {
      try {
        const response = await fetch(address, { credentials: "include", ...options });
        return { status: response.status, text: await response.text() };
      } catch {
        return "unreadable" as const;
      }
    },
    [url, init] as const,
  );
}

/** How a socket that a page opens ends. */
function closingIn(page: Page, url: string): Promise<{ code: number; heard: number }> {
  return page.evaluate(
    (address) =>
      new Promise<{ code: number; heard: number }>((resolve) => {
        let heard = 0;
        const socket = new WebSocket(address, ["rivet"]);
        socket.addEventListener("message", () => (heard += 1));
        socket.addEventListener("close", ({ code }) => resolve({ code, heard }));
      }),
    url,
  );
}

/** A browser for which the name of another site leads to this machine, as after DNS rebinding. */
async function withBrowser(run: (browser: Browser) => Promise<void>): Promise<void> {
  const args = [...chromiumArgs, "--host-resolver-rules=MAP evil.test 127.0.0.1"];
  const browser = await chromium.launch({ args, executablePath: ensureChromium() });
  try {
    await run(browser);
  } finally {
    await browser.close();
  }
}

const enginePaths = [
  ["GET", "/namespaces"],
  ["GET", "/actors?namespace=kawa&name=reactiveState"],
  ["GET", "/actors/names?namespace=kawa"],
  ["GET", "/envoys?namespace=kawa"],
  ["DELETE", "/actors/1gohpqg3bwbw18jn12dumjoycbcl00?namespace=kawa"],
  ["GET", "/gateway/reactiveState/inspector/state?rvt-namespace=kawa&rvt-method=get&rvt-key=global"],
  ["POST", "/gateway/reactiveState/action/getSignal?rvt-namespace=kawa&rvt-method=get&rvt-key=global"],
] as const;

async function expectClosedEngine(page: Page, origin: string): Promise<void> {
  for (const [method, path] of enginePaths) {
    const heard = await fetchIn(page, origin + path, { method });
    if (heard === "unreadable") continue;
    expect({ path, isRefused: heard.status >= 400 && heard.status < 500 }).toEqual({ path, isRefused: true });
    expect(heard.text).not.toContain(String(secret));
  }
  for (const path of [
    "/envoys/connect?protocol_version=8&namespace=kawa&pool_name=default&envoy_key=x",
    "/gateway/reactiveState/websocket?rvt-namespace=kawa&rvt-method=get&rvt-key=global",
  ]) {
    expect(await closingIn(page, origin.replace("http", "ws") + path)).toEqual({ code: 1011, heard: 0 });
  }
}

test("a page of another site reaches neither the engine nor the app", async ({ labServer: server }) => {
  await writeCount(server, "strangers", secret);
  const { endpoint } = await engineAccess(server.dataDir);
  const site = createServer((_, response) =>
    response.setHeader("content-type", "text/html").end("<title>evil</title>"),
  );
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  try {
    await withBrowser(async (browser) => {
      const page = await browser.newPage();
      await page.goto(`http://evil.test:${(site.address() as AddressInfo).port}/`);
      await expectClosedEngine(page, endpoint);
      for (const path of [
        "/api/rivet/metadata",
        "/api/rivet/health",
        "/api/rivet/start",
        `/api/reactive${keysQuery([key])}`,
        home,
      ]) {
        expect(await fetchIn(page, server.url + path)).toBe("unreadable");
        expect(await fetchIn(page, server.url + path, { method: "POST" })).toBe("unreadable");
      }
    });
  } finally {
    site.close();
  }
});

test("a page of another site whose name leads to this machine reaches neither the engine nor the app", async ({
  labServer: server,
}) => {
  await writeCount(server, "strangers", secret);
  const { endpoint } = await engineAccess(server.dataDir);
  const asEvil = (url: string): string => url.replace("127.0.0.1", "evil.test");
  await withBrowser(async (browser) => {
    const page = await browser.newPage();
    await page.goto(`${asEvil(endpoint)}/health`);
    await expectClosedEngine(page, asEvil(endpoint));

    const answer = await page.goto(asEvil(server.url) + home);
    expect(answer!.status()).toBe(421);
    expect(await answer!.text()).toContain("This app has another host name.");
    const forged = { "x-forwarded-host": new URL(server.url).host, "x-forwarded-for": "203.0.113.9" };
    for (const [path, init] of [
      [home, {}],
      [home, { headers: forged }],
      [home, { headers: { rsc: "1" } }],
      // The matcher leads what carries this header past the middleware.
      [home, { headers: { "next-action": "x" } }],
      [home, { headers: { "next-action": "x", rsc: "1" } }],
      ["/api/rivet/health", { headers: forged }],
      ["/api/rivet/metadata", {}],
      ["/api/rivet/start", { method: "POST" }],
      [`/api/reactive${keysQuery([key])}`, { headers: forged }],
      ["/api/reactive", { method: "POST", body: "{}" }],
      ["/api/reactive", { method: "PUT", body: "{}" }],
    ] as const) {
      const heard = await fetchIn(page, path, init);
      // Next answers 200 to a navigation, with an error in place of the page.
      if (!("headers" in init && "next-action" in init.headers)) {
        expect({ path, init, status: heard === "unreadable" ? 0 : heard.status }).not.toMatchObject({ status: 200 });
      }
      expect(JSON.stringify(heard)).not.toContain(String(secret));
    }
  });
  const lines = server
    .log()
    .split("\n")
    .filter((line) => line.startsWith('[kawa] A request for the host "evil.test'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("KAWA_ALLOWED_HOSTS=evil.test");
});

test("an app that names its hosts answers for them, and says so to a proxy on its machine", async ({
  startLabServer,
}) => {
  const server = await startLabServer({ env: { KAWA_ALLOWED_HOSTS: "evil.test", KAWA_TRUSTED_PROXIES: "1" } });
  await writeCount(server, "strangers", secret);
  const ask = (headers: Record<string, string>): Promise<number> =>
    fetch(server.url + home, { headers }).then(({ status }) => status);
  expect(await ask({ "x-forwarded-host": "evil.test" })).toBe(200);
  expect(await ask({ "x-forwarded-host": "other.test" })).toBe(421);
  await withBrowser(async (browser) => {
    const page = await browser.newPage();
    await page.goto(server.url.replace("127.0.0.1", "evil.test") + home);
    await expect(page.locator("body")).toContainText(String(secret));
  });
});
