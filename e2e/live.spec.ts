import { atLab, expect, test } from "./fixtures.ts";
import { countRenders, markWindow, openLive, shownCount, writeCount } from "./support/lab.ts";

test.use(atLab);

test("a click in one browser changes what the server rendered in another, which keeps its state", async ({
  browser,
  labServer,
}) => {
  const [contextA, contextB] = [await browser.newContext(), await browser.newContext()];
  const [a, b] = [await contextA.newPage(), await contextB.newPage()];
  await openLive(a, `${labServer.url}/counter/live`);
  await openLive(b, `${labServer.url}/counter/live`);
  await expect(shownCount(b)).toHaveText("0");

  const note = b.getByLabel("Note");
  await note.fill("half a sentence");
  await note.evaluate((input: HTMLInputElement) => input.setSelectionRange(5, 9));
  await b.evaluate(() => scrollTo(0, 777));
  const expectSameWindow = await markWindow(b);
  const input = await note.elementHandle();

  await a.getByRole("button", { name: "Add one" }).click();

  await expect(shownCount(b)).toHaveText("1");
  await expect(shownCount(a)).toHaveText("1");
  await expectSameWindow();
  await expect(note).toHaveValue("half a sentence");
  await expect(note).toBeFocused();
  expect(
    await b.evaluate((before) => {
      const now = document.querySelector("input")!;
      return { isSame: now === before, selection: [now.selectionStart, now.selectionEnd], scrollY };
    }, input),
  ).toEqual({ isSame: true, selection: [5, 9], scrollY: 777 });

  await a.getByRole("button", { name: "Add one" }).click();
  await expect(shownCount(b)).toHaveText("2");
  await expectSameWindow();

  await contextA.close();
  await contextB.close();
});

test("a page is not rendered again for a key that it has not read", async ({ browser, labServer }) => {
  const context = await browser.newContext();
  const [reader, other] = [await context.newPage(), await context.newPage()];
  await openLive(reader, `${labServer.url}/counter/unrelated-reader`);
  await openLive(other, `${labServer.url}/counter/unrelated-other`);
  const renders = countRenders(reader);

  for (let value = 1; value <= 5; value += 1) {
    await writeCount(labServer, "unrelated-other", value);
    await expect(shownCount(other)).toHaveText(String(value));
  }
  expect(renders.count).toBe(0);

  // The page is live all the same, and what it had to hear of before this change came first.
  await writeCount(labServer, "unrelated-reader", 7);
  await expect(shownCount(reader)).toHaveText("7");
  expect(renders.count).toBe(1);
  await context.close();
});

test("pages stay live over a soft navigation, there and back", async ({ page, labServer }) => {
  await openLive(page, "/counter/nav-a?other=nav-b");
  const expectSameWindow = await markWindow(page);
  await writeCount(labServer, "nav-a", 1);
  await expect(shownCount(page)).toHaveText("1");

  await page.getByRole("link", { name: "Go to nav-b" }).click();
  await expect(page.getByRole("heading", { name: "nav-b" })).toBeVisible();
  await writeCount(labServer, "nav-b", 2);
  await expect(shownCount(page)).toHaveText("2");

  // What changes while the page is not shown is there when it is shown again.
  await writeCount(labServer, "nav-a", 3);
  await page.goBack();
  await expect(page.getByRole("heading", { name: "nav-a" })).toBeVisible();
  await expect(shownCount(page)).toHaveText("3");
  await writeCount(labServer, "nav-a", 4);
  await expect(shownCount(page)).toHaveText("4");
  await expectSameWindow();
});

test("a page shows what changed while another page was shown that did not change", async ({ page, labServer }) => {
  await openLive(page, "/counter/back-a?other=back-b");
  await page.getByRole("link", { name: "Go to back-b" }).click();
  await expect(page.getByRole("heading", { name: "back-b" })).toBeVisible();

  await writeCount(labServer, "back-a", 5);
  await page.goBack();

  await expect(page.getByRole("heading", { name: "back-a" })).toBeVisible();
  await expect(shownCount(page)).toHaveText("5");
});

test("a layout stays live over a soft navigation that does not render it", async ({ page, labServer }) => {
  await openLive(page, "/nested/layout-a/one");
  await page.getByRole("link", { name: "Go to two" }).click();
  await expect(page.getByRole("heading", { name: "two" })).toBeVisible();
  await writeCount(labServer, "layout-a", 6);
  await expect(shownCount(page)).toHaveText("6");
  // The refresh has rendered the layout under the new path.
  await writeCount(labServer, "layout-a", 7);
  await expect(shownCount(page)).toHaveText("7");
});
