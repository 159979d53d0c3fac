import { expect, test } from "./fixtures.ts";
import { openLive } from "./support/lab.ts";
test("debug", async ({ browser, startServer }) => {
  const first = await startServer();
  const second = await startServer({ dataDir: first.dataDir });
  const context = await browser.newContext();
  context.on("request", (r) => r.url().includes("_next") || console.log(Date.now() % 100000, "->", r.method(), r.url().slice(-40), r.serviceWorker() ? "sw" : ""));
  context.on("response", async (r) => r.url().includes("_next") || console.log(Date.now() % 100000, "<-", r.status(), r.url().slice(-40), (await r.headerValue("set-cookie"))?.slice(0, 60)));
  const pages = [await context.newPage(), await context.newPage(), await context.newPage()] as const;
  for (const [index, page] of pages.entries()) await openLive(page, `${(index === 2 ? second : first).url}/`);
  console.log("---- sign in");
  await pages[0].getByRole("button", { name: `Sign in as Alice` }).click();
  await pages[0].waitForTimeout(4000);
  for (const page of pages) console.log(await page.getByTestId("who").textContent(), await page.getByTestId("live").textContent());
  console.log(second.log());
});
