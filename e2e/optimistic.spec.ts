import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { expectState, openLive } from "./support/lab.ts";
import { putValue } from "./support/client-signals.ts";

/** Records how long the list is each time that something changes. Returns what tells it. */
async function recordCounts(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(() => {
    const counts: number[] = [];
    Object.assign(window, { counts });
    new MutationObserver(() => counts.push(document.querySelectorAll("li").length)).observe(document.body, {
      childList: true,
      subtree: true,
    });
  });
  return () => page.evaluate(() => (window as unknown as { counts: number[] }).counts);
}

test("a list of useOptimistic has no frame of the list from before where the action ends with refresh()", async ({
  page,
  labServer,
}) => {
  const name = "frames";
  await openLive(page, `${labServer.url}/optimistic/${name}`);
  const counts = await recordCounts(page);
  for (const text of ["one", "two", "three"]) {
    await page.getByLabel("Text").fill(text);
    await page.getByRole("button", { name: "Add and refresh", exact: true }).click();
    await expect(page.getByText(text, { exact: true })).toBeVisible();
    // The action has ended, and so has what is shown until then.
    await expect(page.locator("ul")).toHaveAttribute("data-pending", "false");
  }
  expect((await counts()).at(-1)).toBe(3);
  expect(await counts()).toEqual((await counts()).toSorted((a, b) => a - b));

  // Nothing of it holds up what others write.
  await putValue(labServer.url, {
    id: `${name}-others`,
    key: `lab:${name}:list`,
    text: JSON.stringify([[1], "others"]),
  });
  await expect(page.locator("li")).toHaveText(["others"]);
  await expectState(page, "live");
});
