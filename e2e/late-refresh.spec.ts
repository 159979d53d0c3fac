import { expect, test } from "./fixtures.ts";
import { Network } from "./support/network.ts";

const ways = {
  route: { page: "plain", isRefresh: (request: string) => /^next-action: /im.test(request) },
  "<LivePage />": { page: "segment", isRefresh: (request: string) => /^GET \S*segment\S*_rsc=/.test(request) },
} as const;

for (const [way, { page: address, isRefresh }] of Object.entries(ways)) {
  test(`a refresh on a connection that has died is asked for again (${way})`, async ({ page, labServer }) => {
    const run = crypto.randomUUID();
    const network = await Network.start(labServer.url);
    try {
      await page.goto(`${network.url}/fuzz/${run}/${address}`);
      const status = page.getByTestId("live");
      await expect(status).toHaveAttribute("data-state", "live");
      const value = page.locator("output[data-key]").first();
      const key = (await value.getAttribute("data-key"))!;
      const before = Number(await value.textContent());
      await page.locator("input[data-note]").fill("half a sentence");

      network.die(isRefresh);
      await fetch(`${labServer.url}/fuzz/${run}/values`, { method: "POST", body: key });
      await expect.poll(() => network.hasDied).toBe(true);
      await expect(status).toHaveAttribute("data-state", "stale");
      await expect(value).toHaveText(String(before + 1), { timeout: 60_000 });
      await expect(status).toHaveAttribute("data-state", "live");
      await expect(page.locator("input[data-note]")).toHaveValue("half a sentence");
    } finally {
      await network.close();
    }
  });
}
