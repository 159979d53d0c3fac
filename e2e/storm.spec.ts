import { setTimeout as sleep } from "node:timers/promises";
import { atLab, expect, test } from "./fixtures.ts";
import { countRenders, openLive, shownCount, writeCount } from "./support/lab.ts";

test.use(atLab);

const writeTotal = 60;
const writeGapMs = 50;
const renderMs = 400;
/** For the render of the last value, and some that the server answered from what it had at hand. */
const spareRenders = 6;

for (const variant of ["suspense", "blocking"]) {
  test(`60 writes in 3 s on a page with a slow part (${variant})`, async ({ page, labServer }) => {
    await openLive(page, `/slow/${variant}`);
    await expect(shownCount(page)).toHaveText("0");
    await expect(page.getByText("Slow part")).toBeVisible();
    const renders = countRenders(page);
    await page.evaluate(() => {
      const shown: string[] = [];
      Object.assign(window, { shown });
      // The output may be replaced as a whole: look at what is there.
      new MutationObserver(() => {
        const text = document.querySelector("output")?.textContent ?? "";
        if (text !== "" && text !== shown.at(-1)) shown.push(text);
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });

    const countShown = () => page.evaluate(() => (window as unknown as { shown: string[] }).shown.length);
    const startedAt = performance.now();
    let value = 0;
    // A busy machine may need longer for three renders.
    while (value < writeTotal || (value < 10 * writeTotal && (await countShown()) < 3)) {
      value += 1;
      await sleep(Math.max(0, startedAt + value * writeGapMs - performance.now()));
      await writeCount(labServer, `slow-${variant}`, value);
    }
    const durationMs = performance.now() - startedAt;
    const shownDuringWrites = await countShown();

    await expect(shownCount(page)).toHaveText(String(value));
    expect(shownDuringWrites).toBeGreaterThanOrEqual(3);
    expect(renders.count).toBeGreaterThanOrEqual(shownDuringWrites);
    expect(renders.count).toBeLessThanOrEqual(Math.ceil(durationMs / renderMs) + spareRenders);
    const shown = await page.evaluate(() => (window as unknown as { shown: string[] }).shown.map(Number));
    expect(shown).toEqual(shown.toSorted((one, two) => one - two));
  });
}
