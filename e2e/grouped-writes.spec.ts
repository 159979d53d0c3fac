import { expect, test } from "./fixtures.ts";
import { openLive } from "./support/lab.ts";

const last = Array.from({ length: 10 }, (_, thing) => 6_000 + thing).join(" ");

test("what moves together in each frame is written by about one request a frame", async ({ browser, labServer }) => {
  const [a, b] = [await (await browser.newContext()).newPage(), await (await browser.newContext()).newPage()];
  await openLive(a, `${labServer.url}/drag/together`);
  await openLive(b, `${labServer.url}/drag/together`);
  let requestCount = 0;
  let writeCount = 0;
  a.on("request", (request) => {
    if (request.method() !== "PUT") return;
    requestCount += 1;
    const { writes } = request.postDataJSON() as { writes?: readonly unknown[] };
    writeCount += writes?.length ?? 1;
  });

  await a.getByRole("button", { name: "Drag" }).click();

  await expect(b.getByTestId("places")).toHaveText(last, { timeout: 30_000 });
  await expect(a.getByTestId("places")).toHaveText(last);
  // A value that is overwritten before it is sent need not be.
  expect(writeCount).toBeLessThanOrEqual(600);
  expect(requestCount).toBeLessThanOrEqual(120);
  await Promise.all([a.context().close(), b.context().close()]);
});
