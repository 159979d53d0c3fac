import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { keysQuery } from "../packages/kawa/src/browser/value-protocol.ts";
import { expect, test } from "./fixtures.ts";
import { putValue, recordTexts, watchErrors } from "./support/client-signals.ts";
import { countRenders, expectState, openLive, writeCount } from "./support/lab.ts";
import { appDir } from "./support/server.ts";

async function write(page: Page, value: number): Promise<void> {
  const form = page.getByRole("form", { name: "client" });
  await form.getByLabel("Value").fill(String(value));
  await form.getByRole("button", { name: "Set" }).click();
}

test("a theme switcher in a client component changes what all browsers show", async ({ browser, server }) => {
  const [contextA, contextB] = [await browser.newContext(), await browser.newContext()];
  const [a, b] = [await contextA.newPage(), await contextB.newPage()];
  const errors = [watchErrors(a), watchErrors(b)];
  await openLive(a, `${server.url}/lab/client/theme`);
  await openLive(b, `${server.url}/lab/client/theme`);
  await expect(b.getByTestId("theme")).toHaveText("system");

  await a.getByRole("button", { name: "dark" }).click();

  await expect(a.getByTestId("theme")).toHaveText("dark");
  await expect(b.getByTestId("theme")).toHaveText("dark");
  await expect(b.getByRole("button", { name: "dark" })).toHaveAttribute("aria-pressed", "true");
  expect(errors).toEqual([[], []]);
  await contextA.close();
  await contextB.close();
});

test("a value that others write comes without a render of the page", async ({ page, browser, server }) => {
  const other = await (await browser.newContext()).newPage();
  await openLive(page, `${server.url}/lab/client/no-render`);
  await openLive(other, `${server.url}/lab/client/no-render`);
  const renders = countRenders(page);

  // Only client components read the theme; the number is read by a server component, too.
  await other.getByRole("button", { name: "light" }).click();
  await expect(page.getByTestId("theme")).toHaveText("light");
  expect(renders.count).toBe(0);

  await write(other, 7);
  await expect(page.getByTestId("client")).toHaveText("7");
  await expect(page.getByTestId("client-double")).toHaveText("14");
  await expect(page.getByTestId("late")).toHaveText("7");
  await expect(page.getByTestId("server")).toHaveText("7");
  expect(renders.count).toBe(1);
  await other.context().close();
});

test("a writer sees its value at once, and others when it is accepted", async ({ page, browser, server }) => {
  const other = await (await browser.newContext()).newPage();
  await openLive(page, `${server.url}/lab/client/slow`);
  await openLive(other, `${server.url}/lab/client/slow`);
  const shown = await recordTexts(page, "client");
  const seen = await recordTexts(other, "client");
  const answer = page.waitForResponse((response) => response.request().method() === "PUT");

  await write(page, 1_000_000);
  await expect(page.getByTestId("client")).toHaveText("1000000");
  await expect(page.getByTestId("client-pending")).toHaveText("true");
  expect(await other.getByTestId("client").textContent()).toBe("0");

  expect((await answer).status()).toBe(204);
  await expect(other.getByTestId("client")).toHaveText("1000000");
  await expect(page.getByTestId("client-pending")).toHaveText("false");
  await expect(page.getByTestId("server")).toHaveText("1000000");
  // Neither goes back in between.
  expect(await shown()).toEqual(["1000000"]);
  expect(await seen()).toEqual(["1000000"]);
  await other.context().close();
});

test("a refused write is taken back with its reason, and never seen by another browser", async ({
  page,
  browser,
  server,
}) => {
  const other = await (await browser.newContext()).newPage();
  await openLive(page, `${server.url}/lab/client/refused`);
  await openLive(other, `${server.url}/lab/client/refused`);
  const seen = await recordTexts(other, "client");

  await write(page, -1_000_000);
  await expect(page.getByTestId("client")).toHaveText("-1000000");
  await expect(page.getByRole("form", { name: "client" }).getByRole("alert")).toHaveText(
    "Numbers below zero cannot be saved.",
  );
  await expect(page.getByTestId("client")).toHaveText("0");

  // What comes after it has come to the other browser, and the refused one had not.
  await write(page, 3);
  await expect(other.getByTestId("client")).toHaveText("3");
  expect(await seen()).toEqual(["3"]);
  await expect(page.getByRole("form", { name: "client" }).getByRole("alert")).toHaveCount(0);
  await other.context().close();
});

test("a write without a connection is taken back with its reason", async ({ page, context, server }) => {
  await openLive(page, `${server.url}/lab/client/offline`);
  await context.setOffline(true);
  await page.getByRole("form", { name: "client" }).getByRole("button", { name: "Add one" }).click();
  await expect(page.getByRole("form", { name: "client" }).getByRole("alert")).toHaveText(
    "There is no connection. It was not saved.",
  );
  await expect(page.getByTestId("client")).toHaveText("0");
  await context.setOffline(false);
});

test("two tabs that race on one key end equal, and lose no update", async ({ context, server }) => {
  const [a, b] = [await context.newPage(), await context.newPage()];
  await openLive(a, `${server.url}/lab/client/race`);
  await openLive(b, `${server.url}/lab/client/race`);
  const clicks = 20;
  const add = (page: Page): Promise<void> =>
    page
      .getByRole("form", { name: "client" })
      .getByRole("button", { name: "Add one" })
      .evaluate((button: HTMLElement, count) => {
        for (let click = 0; click < count; click += 1) button.click();
      }, clicks);
  await Promise.all([add(a), add(b)]);
  for (const page of [a, b]) {
    await expect(page.getByTestId("client")).toHaveText(String(2 * clicks));
    await expect(page.getByTestId("client-pending")).toHaveText("false");
    await expect(page.getByTestId("server")).toHaveText(String(2 * clicks));
  }
});

test("a soft navigation shows values without a flash of defaults", async ({ page, server }) => {
  await openLive(page, `${server.url}/lab/client/soft-b`);
  await write(page, 5);
  await expect(page.getByTestId("server")).toHaveText("5");
  await openLive(page, `${server.url}/lab/client/soft-a?other=soft-b`);
  await page.evaluate(() => {
    const texts = new Set<string>();
    Object.assign(window, { texts });
    new MutationObserver(() => {
      const heading = document.querySelector("h1")?.textContent;
      texts.add(`${heading} ${document.querySelector("[data-testid=client]")?.textContent}`);
    }).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  await page.getByRole("link", { name: "Go to soft-b" }).click();
  await expect(page.getByRole("heading", { name: "soft-b" })).toBeVisible();
  await expect(page.getByTestId("client")).toHaveText("5");
  expect(await page.evaluate(() => [...(window as unknown as { texts: Set<string> }).texts])).not.toContain("soft-b 0");
});

test("a value that JSON does not know is the same in HTML, after hydration and when it changes", async ({
  page,
  browser,
  server,
}) => {
  const errors = watchErrors(page);
  const other = await (await browser.newContext()).newPage();
  await openLive(page, `${server.url}/lab/client/dates/when`);
  const accepted = page.waitForResponse((answer) => answer.request().method() === "PUT");
  await page.getByRole("button", { name: "Add a second" }).click();
  await expect(page.getByTestId("date")).toHaveText("1970-01-01T00:00:01.000Z");
  await accepted;

  const response = await other.goto(`${server.url}/lab/client/dates/when`);
  expect(await response!.text()).toContain("1970-01-01T00:00:01.000Z");
  await expectState(other, "live");
  await page.getByRole("button", { name: "Add a second" }).click();
  await expect(other.getByTestId("date")).toHaveText("1970-01-01T00:00:02.000Z");
  expect(errors).toEqual([]);
  await other.context().close();
});

test("under constant writes each page shows one version, in HTML and after hydration", async ({ page, server }) => {
  test.setTimeout(420_000);
  const loadCount = 100;
  const errors = watchErrors(page);
  let isDone = false;
  const writing = (async () => {
    for (let value = 1; !isDone; value += 1) {
      await putValue(server.url, { id: `c${value}`, key: "lab:constant:shared", text: `[${value}]` });
      // The pages come from the same address, which may not ask for more than its share.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  const shownIn = (html: string, testId: string): string | undefined =>
    new RegExp(`data-testid="${testId}">(\\d+)<`).exec(html)?.[1];
  const versions = new Set<string>();
  for (let load = 0; load < loadCount; load += 1) {
    const response = await page.goto(`${server.url}/lab/client/constant`, { waitUntil: "commit" });
    await expect(page.locator("[data-hydrated=true]")).toHaveCount(2);
    const html = await response!.text();
    const shown = ["server", "client", "late"].map((testId) => shownIn(html, testId)!);
    expect(new Set(shown).size, `load ${load} shows ${shown}`).toBe(1);
    versions.add(shown[0]!);
  }
  isDone = true;
  await writing;
  expect(errors).toEqual([]);
  // They were of many versions, and the last page ends with the last one.
  expect(versions.size).toBeGreaterThan(loadCount / 4);
  await expect(page.getByTestId("client")).toHaveText(await valueOf(server.url, "lab:constant:shared"));
});

test("a write of a page that is left at once is not lost", async ({ page, server }) => {
  // What the page sends comes no further, and ends with it; what may outlive it goes its way.
  await page.addInitScript(() => {
    const nativeFetch = fetch;
    window.fetch = (input, init) => {
      if (init?.method !== "PUT" || init.keepalive) return nativeFetch(input, init);
      document.documentElement.dataset["held"] = "true";
      return new Promise(() => {});
    };
  });
  await openLive(page, `${server.url}/lab/client/left`);
  await write(page, 7);
  await expect(page.locator("html[data-held]")).toBeVisible();
  await page.goto("about:blank");
  await expect.poll(() => valueOf(server.url, "lab:left:shared")).toBe("7");
});

test("a client component cannot show what is not exposed, and nothing of it leaves the server", async ({
  page,
  server,
}) => {
  await writeCount(server.url, "unexposed", 987_654);
  const bodies: Promise<string>[] = [];
  page.on("response", (response) => bodies.push(response.text().catch(() => "")));
  await page.goto(`${server.url}/lab/client/hidden/unexposed`);
  await expect(page.getByRole("button", { name: "Try again" })).toBeVisible();
  expect((await Promise.all(bodies)).join("")).not.toContain("987654");
});

test("forged requests get and change nothing", async ({ server }) => {
  await writeCount(server.url, "forged", 123_321);
  const secret = "lab:forged:counter";
  const open = "lab:forged:shared";

  const foreign = await Promise.all([
    putValue(server.url, { id: "f1", key: secret, text: "[1]" }),
    putValue(server.url, { id: "f2", key: "lab:forged:shown", text: "[1]" }),
    putValue(server.url, { id: "f3", key: "users:alice:position", text: "[1]" }),
    putValue(server.url, { id: "f4", key: "no:such:key", text: "[1]" }),
  ]);
  expect(foreign.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  expect(new Set(await Promise.all(foreign.map((response) => response.text()))).size).toBe(1);

  const forged = await Promise.all([
    putValue(server.url, { id: "f5", key: open, text: "[1]" }, { origin: "https://evil.example" }),
    putValue(server.url, { id: "f6", key: open, text: "[1]" }, { "sec-fetch-site": "cross-site" }),
    putValue(server.url, { id: "f7", key: open, text: "[1]" }, { "content-type": "text/plain" }),
    putValue(server.url, { id: "f8", key: open, text: '[{"__proto__":1},{}]' }),
    putValue(server.url, { id: "f9", key: open, text: `["${"x".repeat(70_000)}"]` }),
    putValue(server.url, { id: "f10", key: open, text: '["a text"]' }),
  ]);
  expect(forged.map(({ status }) => status)).toEqual([403, 403, 400, 400, 413, 422]);

  const read = await fetch(`${server.url}/api/reactive${keysQuery([secret, "no:such:key", open])}`);
  const text = await read.text();
  expect(JSON.parse(text)).toMatchObject({ rows: [{ 0: open, 1: null }], refused: [secret, "no:such:key"] });
  expect(text).not.toContain("123321");

  const stream = await fetch(`${server.url}/api/reactive`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ tabs: { t: { route: [], values: [secret, open].map((key) => [key, -1, ""]) } } }),
  });
  const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  let events = "";
  while (!events.includes("event: values")) events += (await reader.read()).value ?? "";
  await writeCount(server.url, "forged", 123_322);
  await putValue(server.url, { id: "f11", key: open, text: "[5]" });
  while (!events.includes("[5]")) events += (await reader.read()).value ?? "";
  await reader.cancel();
  expect(events).not.toMatch(/12332|forged:counter/);
});

test("browsers get no code of servers", () => {
  const folder = join(appDir, ".next/static");
  const chunks = globSync("**/*.js", { cwd: folder }).map((path) => readFileSync(join(folder, path), "utf8"));
  expect(chunks.some((code) => code.includes("data-kawa-values"))).toBe(true);
  for (const word of [
    "rivetkit",
    "async_hooks",
    "node:crypto",
    "getBuiltinModule",
    "KAWA_SECRET",
    "ENGINE_START_FAILED",
  ]) {
    expect(
      chunks.filter((code) => code.includes(word)),
      word,
    ).toEqual([]);
  }
});

async function valueOf(url: string, key: string): Promise<string> {
  const { rows } = (await (await fetch(`${url}/api/reactive${keysQuery([key])}`)).json()) as {
    rows: [string, string][];
  };
  return String((JSON.parse(rows[0]![1]) as unknown[] | null)?.[0]);
}
