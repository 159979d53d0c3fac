import { atLab, expect, test } from "./fixtures.ts";
import { openLive, shownCount } from "./support/lab.ts";
import { cookieOf, idIn, idOf } from "./support/session.ts";

test.use(atLab);

const dayMs = 24 * 60 * 60 * 1000;

test("the render of the first visit sees the session that it brings", async ({ page, context }) => {
  const response = await page.goto("/session");
  const shown = await shownCount(page).textContent();
  expect(await response!.text()).toContain(shown!);
  expect(await idIn(context)).toBe(shown);
  expect(await cookieOf(context)).toMatchObject({ httpOnly: true, sameSite: "Lax", secure: false, path: "/" });
  expect((await cookieOf(context))!.expires * 1000).toBeGreaterThan(Date.now() + 29 * dayMs);

  await page.reload();
  await expect(shownCount(page)).toHaveText(shown!);
});

test("a session is made by opening a page, and by nothing else", async ({ page, context, request }) => {
  for (const path of ["/signals/counter/session-once", "/session", "/icon.svg"]) {
    expect((await request.get(path)).headers()["set-cookie"], path).toBeUndefined();
  }
  await openLive(page, "/counter/session-once");
  const id = await idIn(context);
  await page.getByRole("button", { name: "Add one" }).click();
  await expect(shownCount(page)).toHaveText("1");
  expect(await idIn(context)).toBe(id);
});

test("behind a proxy that speaks https the cookie is secure and bound to the host", async ({ request }) => {
  const headers = { accept: "text/html", "x-forwarded-proto": "https" };
  const answer = await request.get("/session", { headers });
  const cookie = answer.headers()["set-cookie"]!;
  expect(cookie).toMatch(/^__Host-kawa-session=.*; Path=\/;.* Secure; HttpOnly; SameSite=lax/i);
  expect(await answer.text()).toContain(`<output>${idOf(cookie.slice("__Host-kawa-session=".length))}</output>`);
});
