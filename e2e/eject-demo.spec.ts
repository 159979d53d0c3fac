import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Page } from "@playwright/test";
import { filesOf } from "../packages/kawa/test/support/files-of.ts";
import { demoFiles } from "../scripts/demo-files.ts";
import { expect, type Server, test } from "./fixtures.ts";
import { copyApp } from "./support/dev-copy.ts";
import { appDir } from "./support/server.ts";

/** Runs a script of the app, and fails with what it has printed. */
function run(dir: string, script: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync("npm", ["run", script, "--", ...args], { cwd: dir, encoding: "utf8" });
  if (status !== 0) throw new Error(`npm run ${script} failed:\n${stdout}\n${stderr}`);
}

async function followRecipe(dir: string): Promise<void> {
  for (const [file, code] of filesOf(await readFile(join(appDir, "docs/recipe.md"), "utf8"))) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), code);
  }
}

test("without the demo a clean app is left, in which the recipe makes a live page @long", async ({
  browser,
  startServer,
}) => {
  test.setTimeout(900_000);
  const dir = await copyApp();
  try {
    const refused = spawnSync("npm", ["run", "eject-demo"], { cwd: dir, encoding: "utf8" });
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain("npm run eject-demo -- --yes");
    expect(demoFiles.filter((path) => !existsSync(join(dir, path)))).toEqual([]);

    await test.step("a clean app", async () => {
      run(dir, "eject-demo", "--yes");
      for (const script of ["format:check", "typecheck", "lint"]) run(dir, script);
      run(dir, "build");
      const server = await startServer({ dir });
      const pages = [await openIn(server, "/"), await openIn(server, "/")] as const;
      await pages[0].getByRole("button", { name: "Add 1" }).click();
      await expect(pages[1].locator("output")).toHaveText("1");
      await pages[1].getByRole("button", { name: "Subtract 1" }).click();
      await expect(pages[0].locator("output")).toHaveText("0");
      await server.stop();
    });

    await test.step("the recipe", async () => {
      await followRecipe(dir);
      run(dir, "typecheck");
      run(dir, "build");
      const server = await startServer({ dir });
      const pages = [await openIn(server, "/guests"), await openIn(server, "/guests")] as const;
      for (const [at, name] of ["Ada", "Bob", "Cleo"].entries()) {
        await add(pages[0], name);
        await expect(pages[1].getByRole("listitem")).toHaveCount(at + 1);
      }
      await add(pages[1], "Dana");
      await expect(pages[1].getByRole("alert").filter({ hasText: "All three places are taken." })).toBeVisible();
      await expect(pages[0].getByRole("heading")).toHaveText("3 of 3 places are taken.");
    });
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 5 });
  }

  async function openIn({ url }: Server, path: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(url + path);
    return page;
  }
});

async function add(page: Page, name: string): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Take a place" }).click();
}
