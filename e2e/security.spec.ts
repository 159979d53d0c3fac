import { atLab, expect, test } from "./fixtures.ts";
import { collectComplaints } from "./support/complaints.ts";
import { expectState } from "./support/lab.ts";

test.use(atLab);

const paths = [
  "/counter/security?other=other",
  "/kept/security",
  "/late/security",
  "/nested/security/one",
  "/polled/security",
  "/segment/security",
  "/session",
  "/slots/security",
  "/slow/suspense",
  "/slow/blocking",
  "/stream/security",
];

test("no page breaks the content security policy", async ({ page, context }) => {
  const complaints = await collectComplaints(context, page);
  for (const path of paths) {
    await page.goto(path);
    await expectState(page, "live");
  }
  expect(complaints).toEqual([]);
});

test("the policy stops what is not the app's own", async ({ page, context }) => {
  const complaints = await collectComplaints(context, page);
  const injected = `<script>window.isInjected = true</script><img src="x:" onerror="window.isInjected = true"><object data="/icon.svg"></object>`;
  await page.route("/session", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: (await response.text()).replace("</body>", `${injected}</body>`) });
  });
  await page.goto("/session");
  for (const directive of ["script-src-elem", "script-src-attr", "object-src"]) {
    await expect.poll(() => complaints.join("\n")).toContain(`${directive} blocked`);
  }
  expect(await page.evaluate(() => "isInjected" in window)).toBe(false);
});

test("every page of the app carries the security headers", async ({ request }) => {
  const answers = [
    await request.get("/session"),
    await request.get("/nowhere"),
    await request.get("/signals/counter/security"),
  ];
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
