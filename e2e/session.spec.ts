import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { createClient } from "rivetkit/client";
import { shareSecret } from "../packages/kawa/src/rivetkit/secret/shared-secret.ts";
import { sign } from "../packages/kawa/src/rivetkit/secret/sign.ts";
import { atStarter, expect, test } from "./fixtures.ts";
import { engineAccess } from "./support/engine-access.ts";
import { expectState, openLive } from "./support/lab.ts";
import { cookieName, idIn } from "./support/session.ts";
import { readCounter } from "./support/starter.ts";

test.use(atStarter);

const dayMs = 24 * 60 * 60 * 1000;

test("a session that is forged, of another app, or has expired is replaced", async ({ browser, server }) => {
  const secret = await readFile(join(server.dataDir, "secret"), "utf8");
  const sealed = (secretOfApp: string, expiresAt: number) => {
    shareSecret(secretOfApp, []);
    const payload = JSON.stringify(["made-up", "chain", 0, Date.now(), { userId: "admin" }]);
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
    await context.addCookies([{ name: cookieName, value, url: server.url }]);
    const page = await context.newPage();
    await page.goto(`${server.url}/?as=bob`);
    const isValid = name === "a valid one";
    await expect(page.getByTestId("who"), name).toHaveText(isValid ? "You are the admin." : "You are a guest.");
    expect((await idIn(context)) === "made-up", name).toBe(isValid);
    await context.close();
  }
});

test("Alice moves herself and not Bob, the admin moves everyone", async ({ browser, server }) => {
  const [own, other] = [await browser.newContext(), await browser.newContext()];
  const [page, watcher] = [await own.newPage(), await other.newPage()];
  await openLive(watcher, `${server.url}/`);
  await recordPositions(watcher);
  await openLive(page, `${server.url}/?as=alice`);
  const bob = await page.getByTestId("position-bob").textContent();

  await page.getByRole("button", { name: "Place Alice at x 6, y 3" }).click();
  await expect(page.getByText("Only Alice and the admin can move Alice.")).toBeVisible();

  await signIn(page, "Alice");
  await expect(page.getByText("Only Alice and the admin")).toHaveCount(0);
  await page.getByRole("button", { name: "Place Alice at x 2, y 3" }).click();
  await expect(watcher.getByTestId("position-alice")).toHaveText("x 2, y 3");
  await page.getByRole("button", { name: "Move Alice right" }).click();
  await expect(watcher.getByTestId("position-alice")).toHaveText("x 3, y 3");

  await page.getByRole("link", { name: /^Bob/ }).click();
  await page.getByRole("button", { name: "Place Bob at x 0, y 0" }).click();
  await expect(page.getByText("Only Bob and the admin can move Bob.")).toBeVisible();
  await expect(page.getByTestId("position-bob")).toHaveText(bob!);
  await page.getByRole("button", { name: "Move Bob down" }).click();
  await expect(page.getByTestId("position-bob")).toHaveText(bob!);
  await page.getByRole("link", { name: /^Chika/ }).click();
  await expect(page.getByText("Only Bob and the admin")).toHaveCount(0);

  await signOut(page);
  await signIn(page, "Admin");
  await page.getByRole("link", { name: /^Bob/ }).click();
  await page.getByRole("button", { name: "Place Bob at x 7, y 3" }).click();
  await expect(watcher.getByTestId("position-bob")).toHaveText("x 7, y 3");
  // What was refused was shown at no moment.
  expect(await recordedPositions(watcher, "bob")).toEqual([bob, "x 7, y 3"]);
  expect(await recordedPositions(watcher, "alice")).not.toContain("x 6, y 3");
  await own.close();
  await other.close();
});

test("signing in, a refusal and signing out work without JavaScript", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${baseURL}/?as=alice`);
  await page.getByRole("button", { name: "Place Alice at x 4, y 4" }).click();
  await expect(page.getByText("Only Alice and the admin can move Alice.")).toBeVisible();
  await signIn(page, "Alice");
  await page.getByRole("button", { name: "Place Alice at x 4, y 4" }).click();
  await expect(page.getByTestId("position-alice")).toHaveText("x 4, y 4");
  await signOut(page);
  await expect(page).toHaveURL(/\?as=alice$/);
  await context.close();
});

test("a new session comes with each sign-in, and the one before is worth nothing", async ({ browser, server }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${server.url}/?as=alice`);
  const ids = [await idIn(context)];
  await signIn(page, "Alice");
  ids.push(await idIn(context));
  const stolen = await context.cookies();

  // Whoever has a copy of the cookie is Alice, until she signs out.
  const thief = await browser.newContext();
  await thief.addCookies(stolen);
  const copy = await thief.newPage();
  await openLive(copy, `${server.url}/?as=alice`);
  await expect(copy.getByTestId("who")).toHaveText("You are Alice.");

  await signOut(page);
  ids.push(await idIn(context));
  expect(new Set(ids).size).toBe(3);
  await expect(copy.getByTestId("who")).toHaveText("You are a guest.");
  const alice = await copy.getByTestId("position-alice").textContent();
  await copy.getByRole("button", { name: "Move Alice left" }).click();
  await expect(copy.getByText("Only Alice and the admin can move Alice.")).toBeVisible();
  await expect(copy.getByTestId("position-alice")).toHaveText(alice!);

  await copy.reload();
  expect(ids).not.toContain(await idIn(thief));
  await context.close();
  await thief.close();
});

test("signing in and out in one tab changes who the others are, on every server, without a reload", async ({
  browser,
  startServer,
}) => {
  const first = await startServer();
  const second = await startServer({ dataDir: first.dataDir });
  // Cookies are of the host, whatever the port.
  const context = await browser.newContext();
  const pages = [await context.newPage(), await context.newPage(), await context.newPage()] as const;
  for (const [index, page] of pages.entries()) {
    await openLive(page, `${(index === 2 ? second : first).url}/`);
    await page.evaluate(() => void Object.assign(window, { isSameDocument: true }));
  }
  const expectAll = async (text: string): Promise<void> => {
    for (const page of pages) {
      await expect(page.getByTestId("who")).toHaveText(text);
      await expectState(page, "live");
      expect(await page.evaluate(() => "isSameDocument" in window)).toBe(true);
    }
  };
  await signIn(pages[0], "Alice");
  await expectAll("You are Alice.");
  await signOut(pages[2]);
  await expectAll("You are a guest.");

  // They are live as who they are now.
  await pages[1].getByRole("button", { name: "Add 1" }).click();
  for (const page of pages) await expect(page.getByTestId("counter")).toHaveText("1");
  await context.close();
});

test("a session that was ended stays so when the server starts again", async ({ browser, server }) => {
  const [context, thief] = [await browser.newContext(), await browser.newContext()];
  const page = await context.newPage();
  await page.goto(`${server.url}/`);
  await signIn(page, "Admin");
  await thief.addCookies(await context.cookies());
  await signOut(page);
  await server.restart();
  const copy = await thief.newPage();
  await copy.goto(`${server.url}/`);
  await expect(copy.getByTestId("who")).toHaveText("You are a guest.");
  await context.close();
  await thief.close();
});

test("a RivetKit client moves nobody and changes nothing", async ({ server }) => {
  const before = await readCounter(server);
  const client = createClient(await engineAccess(server.dataDir));
  const state = client["reactiveState"]!.getOrCreate(["global"]);
  const params = { key: "app:counter", value: 7_777, userId: "admin", isAdmin: true };
  const call = state.action({ name: "setSignal", args: [params], signal: AbortSignal.timeout(30_000) });
  await expect(call).rejects.toThrow("Changes are made through the app.");
  expect(await readCounter(server)).toBe(before);
  await client.dispose();
});

async function signIn(page: Page, name: "Alice" | "Bob" | "Admin"): Promise<void> {
  await page.getByRole("button", { name: `Sign in as ${name}` }).click();
  await expect(page.getByTestId("who")).toHaveText(`You are ${name === "Admin" ? "the admin" : name}.`);
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByTestId("who")).toHaveText("You are a guest.");
}

/** Keeps every position that the page shows from now on. */
async function recordPositions(page: Page): Promise<void> {
  await page.evaluate(() => {
    const recorded: Record<string, string[]> = {};
    const look = (): void => {
      for (const element of document.querySelectorAll<HTMLElement>("[data-testid^=position-]")) {
        const shown = (recorded[element.dataset["testid"]!.slice("position-".length)] ??= []);
        if (element.textContent !== shown.at(-1)) shown.push(element.textContent ?? "");
      }
    };
    look();
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
    Object.assign(window, { recorded });
  });
}

function recordedPositions(page: Page, id: string): Promise<string[]> {
  return page.evaluate(
    (person) => (window as unknown as { recorded: Record<string, string[]> }).recorded[person] ?? [],
    id,
  );
}
