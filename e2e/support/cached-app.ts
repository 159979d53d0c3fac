import { join } from "node:path";
import { type Browser, expect, type Locator, type Page } from "@playwright/test";
import { appDir, type Server } from "./server.ts";

export const cachedAppDir: string = join(appDir, "e2e/cache-components-app");

/** What visitors do with the app of `e2e/cache-components-app`. */
export class CachedApp {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  async writeScore(score: number): Promise<void> {
    const response = await fetch(`${this.#server.url}/api/score`, { method: "POST", body: String(score) });
    expect(response.status).toBe(204);
  }

  async readHtml(path: string): Promise<string> {
    return (await fetch(this.#server.url + path)).text();
  }

  /** How often a cached function has run; without a name, the one that is given a value. */
  async runCountOf(name?: string): Promise<number> {
    const query = name === undefined ? "" : `?of=${name}`;
    return (await fetch(`${this.#server.url}/api/runs${query}`)).json() as Promise<number>;
  }

  /** Shows a page in browsers that know nothing of each other. */
  async open(browser: Browser, path: string, count: number): Promise<Visitors> {
    const visitors = new Visitors();
    for (let n = 0; n < count; n += 1) visitors.add(await (await browser.newContext()).newPage());
    for (const page of visitors.pages) await page.goto(this.#server.url + path);
    return visitors;
  }
}

/** Pages that show one score. */
export class Visitors {
  readonly pages: Page[] = [];
  /** What the pages write to their consoles as errors: hydration errors among others. */
  readonly errors: string[] = [];

  add(page: Page): void {
    page.on("console", (message) => void (message.type() === "error" && this.errors.push(message.text())));
    page.on("pageerror", (error) => void this.errors.push(error.message));
    this.pages.push(page);
  }

  async expectScore(score: number): Promise<void> {
    for (const page of this.pages) await expect(page.getByRole("status")).toHaveText(String(score));
  }

  async leave(): Promise<void> {
    for (const page of this.pages) await page.context().close();
  }
}

/** A page below `/kept`, which Next keeps when the visitor goes to its next page. */
export class KeptPage {
  readonly #server: Server;
  readonly #page: Page;

  constructor(server: Server, page: Page) {
    this.#server = server;
    this.#page = page;
  }

  async write(name: string, value: number): Promise<void> {
    const url = `${this.#server.url}/api/counts/${name}`;
    expect((await fetch(url, { method: "PUT", body: String(value) })).status).toBe(204);
  }

  shown(name: string): Locator {
    return this.#page.getByTestId(name).locator("output");
  }

  note(name: string): Locator {
    return this.#page.getByTestId(name).getByLabel("Note");
  }

  /** Each value is shown as soon as it is written. */
  async expectLive(name: string, ...values: readonly number[]): Promise<void> {
    for (const value of values) {
      await this.write(name, value);
      await expect(this.shown(name)).toHaveText(String(value));
    }
  }
}
