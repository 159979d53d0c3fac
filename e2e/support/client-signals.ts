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
