import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { shareSecret } from "../packages/kawa/src/rivetkit/secret/shared-secret.ts";
import { sign } from "../packages/kawa/src/rivetkit/secret/sign.ts";
import { expect, test } from "./fixtures.ts";
import { expectState, openLive } from "./support/lab.ts";
import { cookieName, idIn } from "./support/session.ts";

const dayMs = 24 * 60 * 60 * 1000;

test("a session that is forged, of another app, or has expired is replaced", async ({ browser, labServer }) => {
  const secret = await readFile(join(labServer.dataDir, "secret"), "utf8");
  const sealed = (secretOfApp: string, expiresAt: number) => {
    shareSecret(secretOfApp, []);
    const payload = JSON.stringify(["made-up", "chain", 0, Date.now(), { userId: "Alice" }]);
    return sign({ purpose: "session", audience: cookieName, expiresAt }, payload);
  };
  const [payload, signature] = sealed(secret, Date.now() + dayMs).split(".");
  const cases = {
    "a valid one": `${payload}.${signature}`,
    "a changed signature": `${payload}.${signature!.slice(0, -2)}AA`,
    "another app's": sealed("the secret of another app", Date.now() + dayMs),
    "an expired one": sealed(secret, Date.now() - 1),
    nonsense: "nonsense",
  };
  for (const [name, value] of Object.entries(cases)) {
    const context = await browser.newContext();
    await context.addCookies([{ name: cookieName, value, url: labServer.url }]);
    const page = await context.newPage();
    await page.goto(`${labServer.url}/session`);
    const isValid = name === "a valid one";
    await expect(page.getByTestId("who"), name).toHaveText(isValid ? "Alice" : "a guest");
    expect((await idIn(context)) === "made-up", name).toBe(isValid);
    await context.close();
  }
});

test("a new session comes with each sign-in, and the one before is worth nothing", async ({ browser, labServer }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${labServer.url}/session`);
  const ids = [await idIn(context)];
  await signIn(page);
  ids.push(await idIn(context));
  const stolen = await context.cookies();

  // Whoever has a copy of the cookie is Alice, until she signs out.
  const thief = await browser.newContext();
  await thief.addCookies(stolen);
  const copy = await thief.newPage();
  await openLive(copy, `${labServer.url}/session`);
  await expect(copy.getByTestId("who")).toHaveText("Alice");

  await signOut(page);
  ids.push(await idIn(context));
  expect(new Set(ids).size).toBe(3);
  await expect(copy.getByTestId("who")).toHaveText("a guest");

  await copy.reload();
  expect(ids).not.toContain(await idIn(thief));
  await context.close();
  await thief.close();
});

test("signing in and out in one tab changes who the others are, on every server, without a reload", async ({
  browser,
  startLabServer,
}) => {
  const first = await startLabServer();
  const second = await startLabServer({ dataDir: first.dataDir });
  // Cookies are of the host, whatever the port.
  const context = await browser.newContext();
  const pages = [await context.newPage(), await context.newPage(), await context.newPage()] as const;
  for (const [index, page] of pages.entries()) {
    await openLive(page, `${(index === 2 ? second : first).url}/session`);
    await page.evaluate(() => void Object.assign(window, { isSameDocument: true }));
  }
  const expectAll = async (text: string): Promise<void> => {
    for (const page of pages) {
      await expect(page.getByTestId("who")).toHaveText(text);
      await expectState(page, "live");
      expect(await page.evaluate(() => "isSameDocument" in window)).toBe(true);
    }
  };
  await signIn(pages[0]);
  await expectAll("Alice");
  await signOut(pages[2]);
  await expectAll("a guest");
  // They are live as who they are now.
  await signIn(pages[1]);
  await expectAll("Alice");
  await context.close();
});

test("a session that was ended stays so when the server starts again", async ({ browser, labServer }) => {
  const [context, thief] = [await browser.newContext(), await browser.newContext()];
  const page = await context.newPage();
  await page.goto(`${labServer.url}/session`);
  await signIn(page);
  await thief.addCookies(await context.cookies());
  await signOut(page);
  await labServer.restart();
  const copy = await thief.newPage();
  await copy.goto(`${labServer.url}/session`);
  await expect(copy.getByTestId("who")).toHaveText("a guest");
  await context.close();
  await thief.close();
});

async function signIn(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign in as Alice" }).click();
  await expect(page.getByTestId("who")).toHaveText("Alice");
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByTestId("who")).toHaveText("a guest");
}
