import { expect, type Page } from "@playwright/test";

/** Nobody writes before they have signed in. */
export async function signIn(writer: Page, address: string): Promise<void> {
  const { request } = writer.context();
  expect((await request.post(`${address}/api/counter`)).ok()).toBe(false);
  expect((await request.post(`${address}/sign/in`)).status()).toBe(204);
  await writer.reload();
}
