import { expect, test } from "./fixtures.ts";
import { waitForPush } from "./support/fragments.ts";
import { expectState, openLive, shownCount, writeCount } from "./support/lab.ts";

for (const way of ["form", "transition", "state"]) {
  test(`a fragment shows how far one's own server action is, started by a ${way}`, async ({ page, labServer }) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    const push = waitForPush(page);
    const name = `progress-${way}`;
    await openLive(page, `${labServer.url}/push/progress/fragment/${name}`);
    await push;
    // React shows the late part of a document a moment after the document is loaded.
    await expect(page.locator("em")).toHaveCount(0);
    await page.evaluate(() => {
      const seen = ((window as { fallbacks?: string[] }).fallbacks = [] as string[]);
      new MutationObserver(() => {
        const fallback = [...document.querySelectorAll("em")].find((element) => element.offsetParent);
        if (fallback) seen.push(fallback.textContent);
      }).observe(document.body, { subtree: true, childList: true, attributes: true });
    });
    await page.getByRole("button", { name: "Clicked" }).click();
    await page.getByLabel("Note").fill("half a sentence");

    await page.getByRole("button", { name: way }).click();
    for (const step of [1, 2, 3]) {
      await expect(shownCount(page)).toHaveText(String(step));
      await expect(page.locator("b")).toHaveText(`late ${step}`);
      await expect(page.getByTestId("result")).toHaveText(way === "form" ? "" : "pending");
      await expect(page.getByRole("button", { name: "Clicked" })).toHaveText("Clicked 1");
      await writeCount(labServer, `${name}-gate`, step);
    }
    await expect(page.getByTestId("result")).toHaveText("done");

    await writeCount(labServer, name, 9);
    await expect(shownCount(page)).toHaveText("9");
    await expect(page.getByLabel("Note")).toHaveValue("half a sentence");
    expect(await page.evaluate(() => (window as { fallbacks?: string[] }).fallbacks)).toEqual([]);
    expect(errors).toEqual([]);
  });
}

test("what somebody else writes during one's own server action is shown as well", async ({ page, labServer }) => {
  const push = waitForPush(page);
  await openLive(page, `${labServer.url}/push/progress/fragment/others`);
  await push;
  await page.getByRole("button", { name: "transition" }).click();
  await expect(shownCount(page)).toHaveText("1");
  for (let count = 11; count <= 15; count += 1) {
    await writeCount(labServer, "others", count);
    await expect(shownCount(page)).toHaveText(String(count));
  }
  await expect(page.getByTestId("result")).toHaveText("pending");
  await writeCount(labServer, "others-gate", 3);
  await expect(page.getByTestId("result")).toHaveText("done");
  await expect(shownCount(page)).toHaveText("3");
});

for (const way of ["route", "page"]) {
  test(`a ${way} that cannot show it says so, and shows all of it when the action is over`, async ({
    page,
    labServer,
  }) => {
    await openLive(page, `${labServer.url}/push/progress/${way}/held-${way}`);
    await page.getByRole("button", { name: "transition" }).click();
    await expectState(page, "stale");
    await expect(shownCount(page)).toHaveText("0");
    await writeCount(labServer, `held-${way}-gate`, 3);
    await expect(shownCount(page)).toHaveText("3");
    await expectState(page, "live");
  });
}
