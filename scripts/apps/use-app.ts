import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Browser, expect, type Page } from "@playwright/test";
import type { Kind } from "./kinds.ts";

/** A first compilation on a busy machine. */
const waitMs = 90_000;

/** A running app, as two people see it. */
type Visited = {
  readonly kind: Kind;
  /** Where its server listens, such as `http://localhost:3000`. */
  readonly origin: string;
  /** The folder of its build, `.next`. */
  readonly build: string;
};

/** What two people in browsers of their own do with an app: one writes, the other's page follows. */
export class TwoVisitors {
  readonly #app: Visited;
  readonly #complaints: string[] = [];
  readonly #writer: Page;
  readonly #watcher: Page;
  #count: number;

  private constructor(app: Visited, writer: Page, watcher: Page, count: number) {
    this.#app = app;
    this.#writer = writer;
    this.#watcher = watcher;
    this.#count = count;
  }

  static async open(browser: Browser, app: Visited): Promise<TwoVisitors> {
    const [writer, watcher] = [await openPage(browser, app), await openPage(browser, app)];
    const visitors = new TwoVisitors(app, writer, watcher, await shownCount(watcher));
    for (const page of [writer, watcher]) {
      page.on("console", (message) => {
        const { url } = message.location();
        // The browser asks for an icon, and the app has none.
        if (message.type() === "error" && !url.endsWith("/favicon.ico")) visitors.#complain(`${message.text()} ${url}`);
      });
      page.on("pageerror", (error) => visitors.#complain(error.message));
    }
    for (const page of [writer, watcher]) await page.reload();
    return visitors;
  }

  /** The value that both pages show. */
  get count(): number {
    return this.#count;
  }

  /** Writes in each way; each time the page of the other shows it in each way, without being loaded again. */
  async write(): Promise<void> {
    const { kind } = this.#app;
    const address = addressOf(this.#app);
    await this.#expectShown();
    await kind.visit?.(this.#writer, address);
    await this.#expectShown();
    await this.#watcher.evaluate(() => Object.assign(window, { isSamePage: true }));
    await this.#expectAfter("a client component", () => this.#writer.locator("#client").click());
    await this.#expectAfter("a server action", () => this.#writer.getByRole("button", { name: "+1" }).click());
    await this.#expectAfter("a route handler", async () => {
      const { request } = this.#writer.context();
      const answer = await request.post(`${address}/api/counter${kind.hasSlashes ? "/" : ""}`);
      expect(answer.status()).toBe(200);
    });
    expect(await this.#watcher.evaluate(() => "isSamePage" in window), "the page was loaded again").toBe(true);
    expect(this.#complaints).toEqual([]);
  }

  /** After a restart of the server. The pages have lost it meanwhile, of which the browser complains. */
  async returnAfterRestart(): Promise<void> {
    await this.#expectShown();
    await this.#expectAfter("a write after the restart", () => this.#writer.locator("#client").click());
    this.#complaints.length = 0;
    await this.#watcher.reload();
    await this.#expectShown();
    expect(this.#complaints).toEqual([]);
  }

  async close(): Promise<void> {
    for (const page of [this.#writer, this.#watcher]) await page.context().close();
  }

  async #expectAfter(way: string, write: () => Promise<void>): Promise<void> {
    await write();
    this.#count += 1;
    await this.#expectShown(way);
  }

  async #expectShown(way = "nothing"): Promise<void> {
    for (const page of [this.#writer, this.#watcher]) {
      for (const id of ["server", "fragment", "client"]) {
        await expect(page.locator(`#${id}`), `${id} after ${way}`).toHaveText(String(this.#count), { timeout: waitMs });
      }
      await expect(page.locator("#status")).toHaveText("live", { timeout: waitMs });
    }
  }

  #complain(text: string): void {
    this.#complaints.push(text);
  }
}

function addressOf({ kind, origin }: Visited): string {
  return origin + (kind.path ?? "");
}

async function openPage(browser: Browser, app: Visited): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  const { kind, build } = app;
  if (kind.assets !== undefined) await answerAssets(page, kind.assets, build);
  const answer = await page.goto(addressOf(app) + (kind.hasSlashes ? "/" : ""), { timeout: waitMs });
  expect(answer?.headers()["server-timing"], "the middleware has named the render").toMatch(/desc="[\w-]{36}"/);
  return page;
}

/** Plays the other origin that has the files of the build. */
async function answerAssets(page: Page, assets: string, build: string): Promise<void> {
  await page.route(`${assets}/_next/**`, async (route) => {
    const path = decodeURIComponent(new URL(route.request().url()).pathname).split("/_next/")[1]!;
    await route.fulfill({
      body: await readFile(join(build, path)),
      contentType: path.endsWith(".css") ? "text/css" : "text/javascript",
      headers: { "access-control-allow-origin": "*" },
    });
  });
}

async function shownCount(page: Page): Promise<number> {
  await expect(page.locator("#server")).toHaveText(/^\d+$/, { timeout: waitMs });
  return Number(await page.locator("#server").textContent());
}
