import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { openLive, writeShared } from "./support/lab.ts";

/** Notes what the page shows of the balances, each time that something changes. Returns what tells it. */
async function recordBalances(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const balances: string[] = [];
    const note = (): void => {
      const shown = document.querySelector("[data-testid=balances]")!.textContent;
      if (balances.at(-1) !== shown) balances.push(shown);
    };
    note();
    Object.assign(window, { balances });
    new MutationObserver(note).observe(document.body, { childList: true, subtree: true, characterData: true });
  });
  return () => page.evaluate(() => (window as unknown as { balances: string[] }).balances);
}

/** What is wrong with what a page has shown: a sum that is not 100, or a transfer without its note. */
function torn(shown: readonly string[]): readonly string[] {
  return shown.filter((text) => {
    const [from, to, notes] = text.split(" ").map(Number);
    return from! + to! !== 100 || notes !== to;
  });
}

/** A page of its own browser, and the bodies of what it writes. */
async function openTransfers(page: Page, url: string): Promise<string[]> {
  const bodies: string[] = [];
  page.on("request", (request) => {
    if (request.method() === "PUT") bodies.push(request.postData()!);
  });
  await openLive(page, url);
  return bodies;
}

test("transfers that two browsers make at once are shown whole in both, and all of them are made", async ({
  browser,
  labServer,
}) => {
  const [a, b] = [await (await browser.newContext()).newPage(), await (await browser.newContext()).newPage()];
  await writeShared(labServer, "both-from", 100);
  const url = `${labServer.url}/transfers/both`;
  const [bodies] = [await openTransfers(a, url), await openTransfers(b, url)];
  for (const page of [a, b]) await expect(page.getByTestId("balances")).toHaveText("100 0 0");
  const [shownByA, shownByB] = [await recordBalances(a), await recordBalances(b)];

  await a.getByRole("button", { name: "Transfer", exact: true }).click();
  await expect(b.getByTestId("balances")).toHaveText("99 1 1");
  expect(await shownByA()).toEqual(["100 0 0", "99 1 1"]);
  expect(await shownByB()).toEqual(["100 0 0", "99 1 1"]);
  expect(bodies).toHaveLength(1);
  expect(JSON.parse(bodies[0]!)).toMatchObject({ transaction: { writes: [{}, {}, {}] } });

  await Promise.all([a, b].map((page) => page.getByRole("button", { name: "Transfer ten times" }).click()));
  for (const page of [a, b]) {
    await expect(page.getByTestId("balances")).toHaveText("79 21 21", { timeout: 30_000 });
    await expect(page.getByTestId("outcome")).toHaveText("");
  }
  await expect(a.getByTestId("done")).toHaveText("11");
  await expect(b.getByTestId("done")).toHaveText("10");
  expect(torn([...(await shownByA()), ...(await shownByB())])).toEqual([]);
  await Promise.all([a.context().close(), b.context().close()]);
});

test("one that is refused goes back whole, says why, and no other browser sees anything of it", async ({
  browser,
  labServer,
}) => {
  const [a, b] = [await (await browser.newContext()).newPage(), await (await browser.newContext()).newPage()];
  await writeShared(labServer, "refused-from", 100);
  const url = `${labServer.url}/transfers/refused`;
  await openTransfers(a, url);
  await openTransfers(b, url);
  for (const page of [a, b]) await expect(page.getByTestId("balances")).toHaveText("100 0 0");
  const [shownByA, shownByB] = [await recordBalances(a), await recordBalances(b)];

  await a.getByRole("button", { name: "Overdraw" }).click();
  await expect(a.getByTestId("outcome")).toHaveText("VALUE_INVALID");
  expect(await shownByA()).toEqual(["100 0 0", "-900 1000 1", "100 0 0"]);

  await a.getByRole("button", { name: "Transfer too much" }).click();
  await expect(a.getByTestId("outcome")).toHaveText("Not enough.");
  await a.getByRole("button", { name: "Claim" }).click();
  await expect(a.getByTestId("outcome")).toHaveText("NOT_EXPOSED");
  expect(await shownByA()).toEqual(["100 0 0", "-900 1000 1", "100 0 0"]);

  // A row of a collection comes and goes with the rest.
  await a.getByRole("button", { name: "Open" }).click();
  await expect(b.getByTestId("rows")).toHaveText("Opened");
  await expect(b.getByTestId("balances")).toHaveText("99 1 0");
  expect(await shownByB()).toEqual(["100 0 0", "99 1 0"]);
  await Promise.all([a.context().close(), b.context().close()]);
});
