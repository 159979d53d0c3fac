import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "@playwright/test";
import { adminToken, startOwnEngine } from "../packages/kawa/test/integration/support/own-engine.ts";
import { expect, test } from "./fixtures.ts";
import { Balancer } from "./support/balancer.ts";
import { getFreePort } from "./support/process.ts";
import { expectState, openLive, readCount, shownCount, writeCount } from "./support/lab.ts";

/** In seconds: the engine starts an actor anew shortly before a function ends. */
const lifespan = 10;
/** Streams end before the function in which they run. */
const streamMs = 6_000;
const writeMs = 100;
/** It is cut off after 2.5 s; browsers run on the same machine. */
const maxExitMs = 5_000;

test.describe.configure({ timeout: 240_000 });

test("where functions host the actor, it and all streams move from one to the next, and nothing is lost @long", async ({
  browser,
  startLabServer,
}) => {
  const dataDir = await mkdtemp(join(tmpdir(), "kawa-functions-"));
  const engine = await startOwnEngine({ dataDir });
  const port = await getFreePort();
  const app = await Balancer.start([`http://127.0.0.1:${port}`]);
  try {
    const server = await startLabServer({
      port,
      env: {
        KAWA_HOSTING: "serverless",
        KAWA_URL: app.url,
        KAWA_SECRET: "the secret of all functions",
        RIVET_ENDPOINT: engine.endpoint,
        RIVET_TOKEN: adminToken,
        LAB_LIFESPAN: String(lifespan),
        LAB_STREAM_MS: String(streamMs),
      },
    });
    const contexts = await Promise.all([browser.newContext(), browser.newContext()]);
    const [counter, ticks, ada, bob] = await Promise.all([
      contexts[0]!.newPage(),
      contexts[1]!.newPage(),
      contexts[0]!.newPage(),
      contexts[1]!.newPage(),
    ]);
    await openLive(counter, `${app.url}/counter/functions`);
    await openLive(ticks, `${app.url}/stream/functions`);
    await openLive(ada, `${app.url}/presence/functions?as=Ada`);
    await openLive(bob, `${app.url}/presence/functions?as=Bob`);
    await expect(ada.getByTestId("names")).toHaveText("Ada, Bob");
    const [names, states] = [await textsOf(ada, "names"), await textsOf(counter, "live")];
    const ticked = Number(await shownCount(ticks).first().textContent());

    // Over two lives of a function, and into the third.
    const endAt = performance.now() + 2.3 * lifespan * 1_000;
    let written = 0;
    for (; performance.now() < endAt; await sleep(writeMs)) await writeCount(app, "functions", (written += 1));
    await expect(shownCount(counter)).toHaveText(String(written));
    expect(await readCount(app, "functions")).toBe(written);
    expect(await names()).toEqual(["Ada, Bob"]);
    // A machine that is so slow that an actor is away for longer than 3.5 s says so: until then other servers may have written.
    for (const page of [counter, ticks, ada, bob]) await expectState(page, "live");
    expect(["live", "stale"]).toEqual(expect.arrayContaining([...(await states())]));
    await expect.poll(async () => Number(await shownCount(ticks).first().textContent())).toBeGreaterThan(ticked + 20);
    const countOf = (path: string): number => app.asked.filter((asked) => asked === `POST ${path}`).length;
    expect(countOf("/api/rivet/start")).toBeGreaterThanOrEqual(3);
    // Each of the two browsers.
    expect(countOf("/api/reactive")).toBeGreaterThanOrEqual(2 * 3);
    for (const context of contexts) await context.close();
    const { durationMs, wasForced } = await server.stop({ graceMs: 30_000 });
    expect([wasForced, durationMs < maxExitMs]).toEqual([false, true]);
  } finally {
    await app.close();
    await engine.endBy("SIGKILL");
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
});

/** Returns what an element has shown since, each text once. */
async function textsOf(page: Page, testId: string): Promise<() => Promise<readonly string[]>> {
  const seen = await page.getByTestId(testId).evaluateHandle((element) => {
    const texts = new Set([element.textContent]);
    new MutationObserver(() => texts.add(element.textContent)).observe(element, {
      characterData: true,
      childList: true,
      subtree: true,
    });
    return texts;
  });
  return () => seen.evaluate((texts) => [...texts] as string[]);
}
