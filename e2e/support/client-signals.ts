import type { Page } from "@playwright/test";

/** Everything that the page says went wrong. */
export function watchErrors(page: Page): string[] {
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return errors;
}

/** Returns what tells the texts that an element has had from now on. */
export async function recordTexts(page: Page, testId: string): Promise<() => Promise<string[]>> {
  const element = page.getByTestId(testId);
  await element.evaluate((output) => {
    const texts: string[] = [];
    Object.assign(output, { texts });
    new MutationObserver(() => {
      if (texts.at(-1) !== output.textContent) texts.push(output.textContent);
    }).observe(output, { childList: true, subtree: true, characterData: true });
  });
  return () => element.evaluate((output) => (output as unknown as { texts: string[] }).texts);
}

/** Keeps what the page writes from the server until the function that it returns is called. */
export async function holdWrites(page: Page): Promise<() => void> {
  const held = Promise.withResolvers<void>();
  await page.route("**/api/reactive", async (route) => {
    if (route.request().method() === "PUT") await held.promise;
    await route.continue();
  });
  return held.resolve;
}

/** Writes as another browser does. */
export function putValue(
  url: string,
  write: Record<string, unknown>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = JSON.stringify(write);
  return fetch(`${url}/api/reactive`, {
    method: "PUT",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
}
