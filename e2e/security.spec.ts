import { atStarter, expect, test } from "./fixtures.ts";
import { collectComplaints } from "./support/complaints.ts";
import { expectState } from "./support/lab.ts";

test.use(atStarter);

const labPaths = [
  "counter/security?other=other",
  "kept/security",
  "late/security",
  "nested/security/one",
  "polled/security",
  "segment/security",
  "session",
  "slots/security",
  "slow/suspense",
  "slow/blocking",
  "stream/security",
];

test("no page of the lab breaks the content security policy", async ({ page, context, labServer }) => {
  const complaints = await collectComplaints(context, page);
  for (const path of labPaths) {
    await page.goto(`${labServer.url}/${path}`);
    await expectState(page, "live");
  }
  expect(complaints).toEqual([]);
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
    await page.getByRole("button", { name: "Sign in as Bob" }).click();
    await expect(page.getByTestId("who")).toHaveText("You are Bob.");
    await page.getByRole("link", { name: /^Chika/ }).click();
    const row = colorScheme === "light" ? 1 : 2;
    await page.getByRole("button", { name: `Place Chika at x 2, y ${row}` }).click();
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

test("the policy stops what is not the app's own", async ({ page, context }) => {
  const complaints = await collectComplaints(context, page);
  const injected = `<script>window.isInjected = true</script><img src="x:" onerror="window.isInjected = true"><object data="/icon.svg"></object>`;
  await page.route("/", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace("</body>", `${injected}</body>`) });
  });
  await page.goto("/");
  for (const directive of ["script-src-elem", "script-src-attr", "object-src"]) {
    await expect.poll(() => complaints.join("\n")).toContain(`${directive} blocked`);
  }
  expect(await page.evaluate(() => "isInjected" in window)).toBe(false);
});

test("every page of the app carries the security headers", async ({ request }) => {
  const answers = [await request.get("/"), await request.get("/nowhere"), await request.get("/api/counter")];
  const nonces = answers.map((answer) => {
    const headers = answer.headers();
    expect(headers).toMatchObject({
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": "strict-origin-when-cross-origin",
      "permissions-policy": expect.stringContaining("geolocation=()"),
    });
    const policy = headers["content-security-policy"]!;
    for (const directive of [
      "object-src 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "form-action 'self'",
      "worker-src 'self'",
    ]) {
      expect(policy).toContain(directive);
    }
    return /'nonce-([^']+)'/.exec(policy)![1];
  });
  expect(new Set(nonces).size).toBe(answers.length);
  // Blocks of data are not run, and need no permission.
  const scripts = (await answers[0]!.text()).match(/<script(?! type="application\/json")[^>]*>/g)!;
  for (const script of scripts) expect(script).toContain(`nonce="${nonces[0]}"`);
});

test("the route of client components moves nobody, removes nobody, and lets a window be closed", async ({
  request,
}) => {
  const put = async (key: string, text: string | null) =>
    (await request.put("/api/reactive", { data: { id: crypto.randomUUID(), key, text } })).status();
  for (const text of ['[{"x":1,"y":2},1,1]', null]) expect(await put("users:alice:position", text)).toBe(404);
  expect(await put("app:windows:security", '["open"]')).toBe(204);
  expect(await put("app:windows:security", null)).toBe(204);
});
