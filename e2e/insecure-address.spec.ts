import { chromium } from "@playwright/test";
import { chromiumArgs, ensureChromium } from "./chromium.ts";
import { atLab, expect, test } from "./fixtures.ts";
import { shownFragment } from "./support/fragments.ts";
import { openLive, writeCount } from "./support/lab.ts";

test.use(atLab);

// As a phone sees a laptop: browsers leave out what needs a secure address, such as locks and `crypto.randomUUID()`.
test("pages are live and can be written from at an address without TLS", async ({ startLabServer }) => {
  const server = await startLabServer({ env: { KAWA_ALLOWED_HOSTS: "laptop.test" } });
  const { port } = new URL(server.url);
  const args = [...chromiumArgs, "--host-resolver-rules=MAP laptop.test 127.0.0.1"];
  const browser = await chromium.launch({ args, executablePath: ensureChromium() });
  try {
    const page = await browser.newPage({ baseURL: `http://laptop.test:${port}` });
    await openLive(page, "/client/insecure");
    expect(await page.evaluate(() => [isSecureContext, "locks" in navigator, "randomUUID" in crypto])).toEqual([
      false,
      false,
      false,
    ]);
    const form = page.getByRole("form", { name: "client" });
    await form.getByLabel("Value").fill("7");
    await form.getByRole("button", { name: "Set" }).click();
    await expect(page.getByTestId("server")).toHaveText("7");

    await openLive(page, "/fragment/one/insecure");
    await writeCount(server, "insecure", 5);
    await expect(shownFragment(page, "insecure")).toHaveText("5");
  } finally {
    await browser.close();
  }
});
