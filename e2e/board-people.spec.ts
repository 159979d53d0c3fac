import type { Page } from "@playwright/test";
import { createClient } from "rivetkit/client";
import { atStarter, expect, test } from "./fixtures.ts";
import { place } from "./support/board.ts";
import { collectComplaints } from "./support/complaints.ts";
import { engineAccess } from "./support/engine-access.ts";
import { expectState, openLive } from "./support/lab.ts";
import { readCounter } from "./support/starter.ts";

test.use(atStarter);

test("Alice moves herself and not Bob, the admin moves everyone", async ({ browser, server }) => {
  const [own, other] = [await browser.newContext(), await browser.newContext()];
  const [page, watcher] = [await own.newPage(), await other.newPage()];
  await openLive(watcher, `${server.url}/`);
  await recordPositions(watcher);
  await openLive(page, `${server.url}/?as=alice`);
  const bob = await page.getByTestId("position-bob").textContent();
  const elsewhere = bob === "x 7, y 3" ? 6 : 7;

  await place(page, "Alice", { x: 6, y: 3 });
  await expect(page.getByText("Only Alice and the admin can move Alice.")).toBeVisible();

  await signIn(page, "Alice");
  await expect(page.getByText("Only Alice and the admin")).toHaveCount(0);
  await place(page, "Alice", { x: 2, y: 3 });
  await expect(watcher.getByTestId("position-alice")).toHaveText("x 2, y 3");
  await page.getByRole("button", { name: "Move Alice right" }).click();
  await expect(watcher.getByTestId("position-alice")).toHaveText("x 3, y 3");

  await page.getByRole("link", { name: /^Bob/ }).click();
  await place(page, "Bob", { x: 0, y: 0 });
  await expect(page.getByText("Only Bob and the admin can move Bob.")).toBeVisible();
  await expect(page.getByTestId("position-bob")).toHaveText(bob!);
  await page.getByRole("button", { name: "Move Bob down" }).click();
  await expect(page.getByTestId("position-bob")).toHaveText(bob!);
  await page.getByRole("link", { name: /^Chika/ }).click();
  await expect(page.getByText("Only Bob and the admin")).toHaveCount(0);

  await signOut(page);
  await signIn(page, "Admin");
  await page.getByRole("link", { name: /^Bob/ }).click();
  await place(page, "Bob", { x: elsewhere, y: 3 });
  await expect(watcher.getByTestId("position-bob")).toHaveText(`x ${elsewhere}, y 3`);
  // What was refused was shown at no moment.
  expect(await recordedPositions(watcher, "bob")).toEqual([bob, `x ${elsewhere}, y 3`]);
  expect(await recordedPositions(watcher, "alice")).not.toContain("x 6, y 3");
  await own.close();
  await other.close();
});

test("signing in, a refusal and signing out work without JavaScript", async ({ browser, baseURL }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${baseURL}/?as=alice`);
  await place(page, "Alice", { x: 4, y: 4 });
  await expect(page.getByText("Only Alice and the admin can move Alice.")).toBeVisible();
  await signIn(page, "Alice");
  await place(page, "Alice", { x: 4, y: 4 });
  await expect(page.getByTestId("position-alice")).toHaveText("x 4, y 4");
  await signOut(page);
  await expect(page).toHaveURL(/\?as=alice$/);
  await context.close();
});

test("whoever has signed out is refused what they could do before", async ({ page }) => {
  await openLive(page, "/?as=bob");
  await signIn(page, "Bob");
  await place(page, "Bob", { x: 4, y: 2 });
  await expect(page.getByTestId("position-bob")).toHaveText("x 4, y 2");
  await signOut(page);
  await page.getByRole("button", { name: "Move Bob left" }).click();
  await expect(page.getByText("Only Bob and the admin can move Bob.")).toBeVisible();
  await expect(page.getByTestId("position-bob")).toHaveText("x 4, y 2");
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

for (const colorScheme of ["light", "dark"] as const) {
  test(`no page breaks the content security policy (${colorScheme})`, async ({ browser, baseURL }) => {
    const context = await browser.newContext({ colorScheme });
    const page = await context.newPage();
    const complaints = await collectComplaints(context, page);
    for (const path of ["/", "/?as=alice"]) {
      await page.goto(baseURL + path);
      await expectState(page, "live");
    }
    expect(complaints).toEqual([]);

    await page.goto(`${baseURL}/?as=bob`);
    await expectState(page, "live");
    await page.getByRole("button", { name: "Add 1" }).click();
    await page.getByRole("button", { name: "Move Bob up" }).click();
    await expect(page.getByText("Only Bob and the admin can move Bob.")).toBeVisible();
    await signIn(page, "Bob");
    await page.getByRole("link", { name: /^Chika/ }).click();
    const row = colorScheme === "light" ? 1 : 2;
    await place(page, "Chika", { x: 2, y: row });
    await expect(page.getByTestId("position-chika")).toHaveText(`x 2, y ${row}`);
    expect(complaints).toEqual([]);

    // Browsers report the status of the answer by themselves.
    await page.goto(`${baseURL}/nowhere`);
    await page.getByRole("link", { name: "Go to the board" }).click();
    await expectState(page, "live");
    expect(complaints).toEqual([expect.stringContaining("404")]);
    await context.close();
  });
}

test("the route of client components moves nobody, removes nobody, and lets a window be closed", async ({
  request,
}) => {
  const put = async (key: string, text: string | null) =>
    (await request.put("/api/reactive", { data: { id: crypto.randomUUID(), key, text } })).status();
  for (const text of ['[{"x":1,"y":2},1,1]', null]) expect(await put("users:alice:position", text)).toBe(404);
  expect(await put("app:windows:security", '["open"]')).toBe(204);
  expect(await put("app:windows:security", null)).toBe(204);
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
