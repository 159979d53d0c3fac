import type { BrowserContext, Page } from "@playwright/test";

/** What the browser complains about on all pages: violations of the policy, and errors. */
export async function collectComplaints(context: BrowserContext, page: Page): Promise<string[]> {
  const complaints: string[] = [];
  await context.exposeFunction("complain", (text: string) => void complaints.push(text));
  await context.addInitScript(() => {
    document.addEventListener(
      "securitypolicyviolation",
      ({ effectiveDirective, blockedURI, sourceFile, lineNumber }) => {
        const { complain } = window as unknown as { complain: (text: string) => void };
        complain(`${effectiveDirective} blocked ${blockedURI} (${sourceFile}:${lineNumber})`);
      },
    );
  });
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  return complaints;
}
