import { expect, test } from "./fixtures.ts";

/** Pages of Next's own, under the policy of `createMiddleware`. */
for (const { kind, status, text } of [
  { kind: "page", status: 500, text: "This page couldn’t load" },
  { kind: "layout", status: 500, text: "This page couldn’t load" },
  { kind: "metadata", status: 500, text: "This page couldn’t load" },
  { kind: "missing", status: 404, text: "This page could not be found." },
]) {
  test(`the built-in page for /built-in/${kind} keeps to the content security policy`, async ({ page, labServer }) => {
    await page.addInitScript(() => {
      const refused: string[] = [];
      Object.assign(window, { refused });
      document.addEventListener("securitypolicyviolation", (event) =>
        refused.push(`${event.violatedDirective} ${event.blockedURI}`),
      );
    });
    const messages: string[] = [];
    page.on("console", (message) => void messages.push(message.text()));
    const response = await page.goto(`${labServer.url}/built-in/${kind}`);
    expect(response!.status()).toBe(status);
    expect(response!.headers()["content-security-policy"]).toContain("style-src 'self' 'nonce-");
    await expect(page.getByText(text)).toBeVisible();
    // The style has been applied: else the body keeps the margin of browsers.
    await expect(page.locator("body")).toHaveCSS("margin", "0px");
    expect(await page.evaluate(() => (window as unknown as { refused: string[] }).refused)).toEqual([]);
    expect(messages.filter((message) => message.includes("Content Security Policy"))).toEqual([]);
  });
}
