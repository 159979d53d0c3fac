import type { BrowserContext } from "@playwright/test";

export const cookieName = "kawa-session";

export async function cookieOf(context: BrowserContext) {
  return (await context.cookies()).find(({ name }) => name === cookieName);
}

/** The id of the session in the browser's cookie. */
export async function idIn(context: BrowserContext): Promise<string> {
  return idOf((await cookieOf(context))!.value);
}

/** The id of the session in the value of a cookie. */
export function idOf(value: string): string {
  const [payload] = value.split(".");
  // After the time at which it ends.
  return (JSON.parse(Buffer.from(payload!, "base64url").toString("utf8", 6)) as [string])[0];
}
