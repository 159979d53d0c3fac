import { expect } from "@playwright/test";

/** What `look` gives once it has given the same for a while. For a baseline, never as the proof that nothing happens. */
export async function settled<T>(look: () => T | Promise<T>, quietMs = 1_000): Promise<T> {
  let before = JSON.stringify(await look());
  await expect(async () => {
    await new Promise((resolve) => setTimeout(resolve, quietMs));
    const last = before;
    before = JSON.stringify(await look());
    expect(before).toBe(last);
  }).toPass({ timeout: 30_000 });
  return JSON.parse(before) as T;
}
