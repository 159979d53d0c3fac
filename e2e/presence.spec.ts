import type { Browser, BrowserContext, CDPSession, Page } from "@playwright/test";
import { keysQuery } from "../packages/kawa/src/browser/value-protocol.ts";
import { expect, test } from "./fixtures.ts";
import { Balancer } from "./support/balancer.ts";
import { openLive } from "./support/lab.ts";

/** Of `labVisitors`. */
const ttlMs = 5_000;

type Visit = { readonly context: BrowserContext; readonly page: Page };

/** Opens a room in a browser of its own. */
async function visit(browser: Browser, url: string): Promise<Visit> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await openLive(page, url);
  return { context, page };
}

async function expectHere(page: Page, count: number): Promise<void> {
  await expect(page.getByTestId("here")).toHaveText(`${count} ${count === 1 ? "person" : "people"} here`);
  await expect(page.getByTestId("client-here")).toHaveText(String(count));
}

/** Keys of the members of a group, as a browser is told them. */
async function membersIn(url: string, group: string): Promise<readonly string[]> {
  const list = `\0members:lab:${group}`;
  const response = await fetch(`${url}/api/reactive${keysQuery([list])}`);
  const { rows } = (await response.json()) as { rows: [string, string | null][] };
  const text = rows[0]![1];
  if (text === null) return [];
  const [, ...values] = JSON.parse(text) as unknown[];
  return values.filter((value) => typeof value === "string").map((id) => `lab:${group}:${id}`);
}

test("each browser sees who else is there, in the HTML and live", async ({ browser, labServer }) => {
  const url = `${labServer.url}/presence/two`;
  const ada = await visit(browser, `${url}?as=Ada`);
  await expectHere(ada.page, 1);
  const bob = await visit(browser, `${url}?as=Bob`);
  await expectHere(ada.page, 2);
  await expectHere(bob.page, 2);
  await expect(ada.page.getByTestId("names")).toHaveText("Ada, Bob");

  const html = await (await fetch(url)).text();
  expect(html).toContain("2 people here");
  expect(html).toContain("Ada, Bob");

  await bob.page.getByRole("button", { name: "Cheer" }).click();
  await expect(ada.page.getByTestId("names")).toHaveText("Ada, Bob!");
  await ada.context.close();
  await bob.context.close();
});

test("who stays is there for longer than a life, without a change of the page", async ({ browser, labServer }) => {
  const url = `${labServer.url}/presence/stays`;
  const ada = await visit(browser, `${url}?as=Ada`);
  await expectHere(ada.page, 1);
  const texts = await ada.page.getByTestId("here").evaluateHandle((element) => {
    const seen: (string | null)[] = [];
    new MutationObserver(() => seen.push(element.textContent)).observe(element, {
      childList: true,
      subtree: true,
      characterData: true,
    });
    return seen;
  });
  const before = await membersIn(labServer.url, "visitors:stays");
  await ada.page.waitForTimeout(2 * ttlMs);
  expect(await texts.jsonValue()).toEqual([]);
  expect(await membersIn(labServer.url, "visitors:stays")).toEqual(before);
  await ada.context.close();
});

test("who leaves is gone at once: a component that unmounts, and a page that is closed", async ({
  browser,
  labServer,
}) => {
  // Nobody loses a life that long in a test.
  const url = `${labServer.url}/presence/leaves?stay`;
  const ada = await visit(browser, `${url}&as=Ada`);
  const bob = await visit(browser, `${url}&as=Bob`);
  await expectHere(ada.page, 2);
  await bob.page.getByRole("button", { name: "Leave" }).click();
  await expectHere(ada.page, 1);
  await bob.page.getByRole("button", { name: "Come back" }).click();
  await expectHere(ada.page, 2);

  await bob.page.goto("about:blank");
  await expectHere(ada.page, 1);
  await bob.page.goBack();
  await expectHere(ada.page, 2);
  await bob.page.close({ runBeforeUnload: true });
  await expectHere(ada.page, 1);
  await ada.context.close();
  await bob.context.close();
});

test("a browser that is closed is gone after its life", async ({ browser, labServer }) => {
  const url = `${labServer.url}/presence/closed`;
  const ada = await visit(browser, `${url}?as=Ada`);
  const bob = await visit(browser, `${url}?as=Bob`);
  await expectHere(ada.page, 2);
  await bob.context.close();
  await expectHere(ada.page, 1);
  await ada.context.close();
});

test("a browser that crashes is gone after its life", async ({ browser, labServer }) => {
  const url = `${labServer.url}/presence/crashed`;
  const ada = await visit(browser, `${url}?as=Ada`);
  const bob = await visit(browser, `${url}?as=Bob`);
  await expectHere(ada.page, 2);
  const session: CDPSession = await bob.context.newCDPSession(bob.page);
  const crashed = bob.page.waitForEvent("crash");
  // It is never answered.
  session.send("Page.crash").catch(() => {});
  await crashed;
  await expectHere(ada.page, 1);
  await ada.context.close();
  await bob.context.close();
});

test("a browser that loses its network is gone after its life, and there again when it is back", async ({
  browser,
  labServer,
}) => {
  const url = `${labServer.url}/presence/offline`;
  const ada = await visit(browser, `${url}?as=Ada`);
  const network = await Balancer.start([labServer.url]);
  const bob = await visit(browser, `${network.url}/presence/offline?as=Bob`);
  await expectHere(ada.page, 2);
  await network.close();
  await expectHere(ada.page, 1);
  await network.open();
  await expectHere(ada.page, 2);
  await expectHere(bob.page, 2);
  await ada.context.close();
  await bob.context.close();
  await network.close();
});

test("two tabs of one browser are two, and closing one leaves the other", async ({ context, labServer }) => {
  const url = `${labServer.url}/presence/tabs?as=Ada`;
  const [first, second] = [await context.newPage(), await context.newPage()];
  await openLive(first, url);
  await openLive(second, url);
  await expectHere(first, 2);
  await second.close({ runBeforeUnload: true });
  await expectHere(first, 1);
  await first.waitForTimeout(ttlMs);
  await expectHere(first, 1);
});

test("a restart of the server keeps those who are there", async ({ browser, labServer }) => {
  const url = `${labServer.url}/presence/restart`;
  const ada = await visit(browser, `${url}?as=Ada`);
  const bob = await visit(browser, `${url}?as=Bob`);
  await expectHere(ada.page, 2);
  const before = await membersIn(labServer.url, "visitors:restart");
  await labServer.restart();
  await openLive(ada.page, url);
  // Ada only looks from now on; her old self was removed with its page.
  await expectHere(ada.page, 1);
  await expect(ada.page.getByTestId("names")).toHaveText("Bob");
  const [bobs] = before.slice(1);
  await ada.page.waitForTimeout(1.5 * ttlMs);
  expect(await membersIn(labServer.url, "visitors:restart")).toEqual([bobs]);
  await ada.context.close();
  await bob.context.close();
});

test("a stream renews nothing that its browser may not write", async ({ labServer }) => {
  await fetch(`${labServer.url}/guests/forged`, { method: "PUT" });
  const own = "lab:visitors:forged:own";
  const body = JSON.stringify({ id: "own", key: own, text: '["here"]' });
  const headers = { "content-type": "application/json" };
  expect((await fetch(`${labServer.url}/api/reactive`, { method: "PUT", headers, body })).status).toBe(204);
  const guest = "lab:guests:forged:guest";
  expect(await membersIn(labServer.url, "guests:forged")).toEqual([guest]);

  const stream = await fetch(`${labServer.url}/api/reactive`, {
    method: "POST",
    headers,
    body: JSON.stringify({ tabs: { t: { route: [], kept: [guest, own, "lab:forged:counter", "no:such:key"] } } }),
  });
  await expect.poll(() => membersIn(labServer.url, "guests:forged")).toEqual([]);
  expect(await membersIn(labServer.url, "visitors:forged")).toEqual([own]);
  await stream.body!.cancel();
  await expect.poll(() => membersIn(labServer.url, "visitors:forged")).toEqual([]);
});
