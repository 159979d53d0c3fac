import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { EmbeddedEngine } from "../packages/kawa/src/rivetkit/engine/embedded-engine.ts";
import { EngineFolder } from "../packages/kawa/src/rivetkit/engine/folder.ts";
import { expect, test } from "./fixtures.ts";
import { Balancer } from "./support/balancer.ts";
import { buildFixture } from "./support/build.ts";
import { expectState, markWindow, openLive } from "./support/lab.ts";
import { appDir, type Server } from "./support/server.ts";

const dir = join(appDir, "e2e/deploy-app");
const home = "/api/state";
/** It is cut off after 2.5 s; browsers run on the same machine. */
const maxExitMs = 5_000;
const patience = { timeout: 30_000 };

type State = { readonly counter: number; readonly note: { readonly text: string; readonly by?: string } };

test.describe.configure({ timeout: 300_000 });

test("a new build comes beside the old one and takes its place: clicks, typed text and open pages live through it @long", async ({
  context,
  startServer,
}) => {
  buildOnce();
  const dataDir = await mkdtemp(join(tmpdir(), "kawa-builds-"));
  const engine = await EmbeddedEngine.start({ folder: EngineFolder.open(dataDir) });
  let balancer: Balancer | undefined;
  try {
    const RIVET_ENDPOINT = engine.endpoint.replace("://", `://${engine.namespace}:${engine.adminToken}@`);
    const start = (build: string): Promise<Server> =>
      startServer({ dir, home, env: { APP_BUILD: build, RIVET_ENDPOINT, KAWA_SECRET: "the secret of both builds" } });
    const old = await start("old");
    const urls = [old.url];
    balancer = await Balancer.start(urls);
    const address = balancer.url + home;
    const state = async (): Promise<State> => (await fetch(address)).json() as Promise<State>;
    const pages = await Promise.all(
      ["/", "/route", "/fragment"].map(async (path) => {
        const page = await context.newPage();
        await openLive(page, balancer!.url + path);
        await page.getByLabel("Note").fill(`typed at ${path}`);
        return { page, path, isSameWindow: await markWindow(page), errors: errorsOf(page) };
      }),
    );
    const expectKept = async (): Promise<void> => {
      for (const { page, path, isSameWindow, errors } of pages) {
        await isSameWindow();
        await expect(page.getByLabel("Note")).toHaveValue(`typed at ${path}`);
        await expect(page.getByTestId("build")).toHaveText("old");
        expect(errors).toEqual([]);
      }
    };
    const expectShown = async (count: number): Promise<void> => {
      for (const { page } of pages) await expect(page.locator("output")).toHaveText(String(count), patience);
    };

    // Both builds answer.
    const fresh = await start("new");
    urls.push(fresh.url);
    await fetch(address, { method: "PUT", body: "who?" });
    await expect
      .poll(async () => {
        await fetch(address, { method: "PUT", body: "who?" });
        return (await state()).note.by;
      }, patience)
      .toBe("new");
    let count = 0;
    for (let round = 0; round < 4; round += 1) {
      for (const { page } of pages) {
        await page.getByRole("button", { name: "+1" }).click();
        await expectShown((count += 1));
      }
      await fetch(address, { method: "POST" });
      await expectShown((count += 1));
    }
    for (const { page } of pages) await expectState(page, "live");
    await expectKept();

    // The old one ends.
    const { durationMs, wasForced } = await old.stop({ graceMs: 30_000 });
    expect([wasForced, durationMs < maxExitMs]).toEqual([false, true]);
    for (const { page } of pages)
      await expect(page.getByText("There is a newer version of this page.")).toBeVisible(patience);
    await fetch(address, { method: "POST" });
    for (const { page } of pages) await expectState(page, "stale");
    await expectKept();
    expect(await state()).toMatchObject({ counter: count + 1, note: { by: "new" } });

    // And starts again, while the new one goes on.
    await old.start();
    await expectShown(count + 1);
    await expectKept();
    expect((await fetch(address, { method: "PUT", body: "and now?" })).status).toBe(204);
    // The other server hears of it a moment later.
    await expect.poll(async () => (await state()).note, patience).toEqual({ text: "and now?", by: "new" });
    await old.stop({ graceMs: 30_000 });

    // Whoever loads the page anew has the new build.
    const { page } = pages[0]!;
    await page.reload();
    await expectState(page, "live");
    await expect(page.getByTestId("build")).toHaveText("new");
    await page.getByRole("button", { name: "+1" }).click();
    await expect(page.locator("output")).toHaveText(String(count + 2));
  } finally {
    await balancer?.close();
    await engine.stop();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
});

/** The old build first: when it was made tells which is newer. With `KAWA_E2E_NO_BUILD=1` those that are there. */
function buildOnce(): void {
  const builds = ["old", "new"];
  const areThere = builds.every((build) => existsSync(join(dir, ".next", build, "BUILD_ID")));
  if (process.env.KAWA_E2E_NO_BUILD === "1" && areThere) return;
  for (const build of builds) {
    const { hasSucceeded, log } = buildFixture(dir, { APP_BUILD: build });
    expect(hasSucceeded, log).toBe(true);
  }
}

/** What went wrong on a page from now on. */
function errorsOf(page: Page): string[] {
  const errors: string[] = [];
  page.on("pageerror", (error) => void errors.push(error.message));
  return errors;
}
