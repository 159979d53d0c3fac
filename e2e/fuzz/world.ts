import type { Browser, BrowserContext, Page, Request, Response } from "@playwright/test";
import type { Key } from "../lab-app/app/fuzz/keys.ts";
import { refreshByApp } from "../support/lab.ts";
import { Network } from "../support/network.ts";
import type { Server } from "../support/server.ts";
import type { Counters } from "./screens.ts";

/** What somebody sees who looks at a tab. */
export type Look = {
  /** Below `/fuzz/<run>/`. */
  address: string;
  status: string;
  /** As `key=value`, sorted. */
  values: string[];
  /** Whose text field is there, and what is in it. */
  page: string | undefined;
  note: string | undefined;
  /** False when the document is not the one that was marked. */
  isMarked: boolean;
};

const maxNoteLength = 1_200;

/** A network that is lost may be noticed by whoever waits for an answer. */
function isOfNetwork(error: Error): boolean {
  return /network error|Failed to fetch/.test(error.message);
}

/** One browser with its tabs, its network and its server. Tabs have the order that they have in the model. */
export class World {
  readonly pages: Page[] = [];
  /** Uncaught errors of all pages. */
  readonly errors: string[] = [];
  /** What has happened in the pages, for people who look for a cause. */
  readonly trace: string[] = [];
  /** When a tab asked for its route anew last, on the clock of `performance.now()`. */
  refreshedAt = 0;
  /** Actions of the app whose answers have not come whole. */
  readonly #actions = new Map<Request, Page>();
  readonly #startedAt: number = performance.now();
  readonly server: Server;
  readonly network: Network;
  readonly context: BrowserContext;
  readonly #run: string;

  private constructor(server: Server, network: Network, context: BrowserContext, run: string) {
    this.server = server;
    this.network = network;
    this.context = context;
    this.#run = run;
  }

  static async start(browser: Browser, server: Server, run: string): Promise<World> {
    const network = await Network.start(server.url);
    const context = await browser.newContext();
    // Nothing that a test can do hides a tab of a browser without a window.
    await context.addInitScript(() => {
      let state = "visible";
      Object.defineProperty(document, "visibilityState", { get: () => state });
      Object.defineProperty(document, "hidden", { get: () => state === "hidden" });
      Object.assign(window, {
        setVisibility(next: string) {
          state = next;
          document.dispatchEvent(new Event("visibilitychange"));
        },
      });
      // Chromium alone has it, and tells who leaves the document while it is asked to.
      type NavigateEvent = Event & { destination: { url: string; sameDocument: boolean }; navigationType: string };
      (window as { navigation?: EventTarget }).navigation?.addEventListener("navigate", (event) => {
        const { destination, navigationType } = event as NavigateEvent;
        if (!destination.sameDocument)
          console.info(`leaves by ${navigationType} to ${destination.url} ${new Error("from").stack}`);
      });
    });
    const world = new World(server, network, context, run);
    network.onData = (data, isAnswer) => world.#noteTraffic(data.toString("latin1"), isAnswer);
    return world;
  }

  /** What an answer of the server shows. */
  async #noteValues(page: Page, response: Response): Promise<void> {
    const headers = response.request().headers();
    if (!headers["rsc"] && !headers["next-action"]) return;
    const text = await response.text().catch((error: Error) => `nothing: ${error.message.split("\n")[0]}`);
    const values = [...text.matchAll(/"data-key":"(\w+)","children":([^}]*)/g)].map(
      ([, key, value]) => `${key}=${value}`,
    );
    this.note(
      page,
      `<= ${response.status()} ${response.url()} [${values.join(" ")}] ${values.length === 0 ? text.slice(0, 120) : ""}`,
    );
  }

  /** What the router and the stream ask for, and what the stream says. */
  #noteTraffic(text: string, isAnswer: boolean): void {
    if (isAnswer) {
      for (const event of text.matchAll(/^event: (?!ping|token|hello)(\w+)\ndata: (.*)$/gm))
        this.note(undefined, `<- ${event[1]} ${event[2]}`);
      const render = /^server-timing: kawa;desc="([^"]*)"/im.exec(text);
      if (render) this.note(undefined, `<- ${text.slice(0, text.indexOf("\r"))} of render ${render[1]}`);
    } else {
      const body = /^\{"tabs":.*|^\["[0-9a-z-]{30,}.*/m
        .exec(text)
        ?.map((found) => found.replaceAll(/,"token":"[^"]*"/g, ""));
      if (body?.[0]?.startsWith("[")) this.refreshedAt = performance.now();
      const names = /^(next-action|next-router-prefetch|next-router-segment-prefetch|next-url): .*$/gim;
      const what = [...text.matchAll(names)].map(([line]) => line.trim()).join(", ");
      if (/^(GET|POST) (?!\/_next\/static)/.test(text) || body)
        this.note(undefined, `-> ${text.slice(0, text.indexOf(" HTTP/"))} ${what} ${body?.[0] ?? ""}`);
    }
  }

  async stop(): Promise<void> {
    await this.context.close();
    await this.network.close();
  }

  /** Next sends an action again whose answer was lost, so it is made twice. */
  get isActing(): boolean {
    return [...this.#actions.values()].some((page) => this.pages.includes(page));
  }

  /** Adds a line to the trace. */
  note(page: Page | undefined, text: string): void {
    const seconds = ((performance.now() - this.#startedAt) / 1_000).toFixed(2);
    const tab = page && this.pages.includes(page) ? `tab ${this.pages.indexOf(page)}` : "";
    this.trace.push(
      `${seconds} ${tab} ${text.replaceAll(`${this.network.url}/fuzz/${this.#run}/`, "").slice(0, maxNoteLength)}`,
    );
  }

  async open(address: string): Promise<void> {
    const page = await this.context.newPage();
    page.on("pageerror", (error) => {
      this.note(page, `${error.stack}`);
      if (!isOfNetwork(error)) this.errors.push(`${error}`);
    });
    page.on("console", (message) => this.note(page, message.text()));
    page.on("response", (response) => void this.#noteValues(page, response));
    // The first argument of those of the pages; Kawa has actions of its own, some of which last a minute.
    const isOfApp = (request: Request): boolean =>
      "next-action" in request.headers() && request.postData()?.startsWith(`["${this.#run}"`) === true;
    page.on("request", (request) => isOfApp(request) && this.#actions.set(request, page));
    for (const end of ["requestfinished", "requestfailed"] as const)
      page.on(end as "requestfinished", (request) => this.#actions.delete(request));
    page.on("framenavigated", (frame) => this.note(page, `shows ${frame.url()}`));
    this.pages.push(page);
    await page.goto(`${this.network.url}/fuzz/${this.#run}/${address}`);
    await this.waitUntilUsable(page);
  }

  /** Before it is hydrated, a page takes no clicks; the mark tells it from one that is loaded later. */
  async waitUntilUsable(page: Page): Promise<void> {
    await page.waitForSelector('[data-hydrated="true"]', { timeout: 30_000 });
    await page.evaluate(() => Object.assign(window, { isMarked: true }));
  }

  async hide(page: Page, isHidden: boolean): Promise<void> {
    await page.evaluate(
      (state) => (window as unknown as { setVisibility(state: string): void }).setVisibility(state),
      isHidden ? "hidden" : "visible",
    );
  }

  /** Somebody else adds one; resolves when it is durable. */
  async add(key: Key): Promise<void> {
    const response = await fetch(`${this.server.url}/fuzz/${this.#run}/values`, { method: "POST", body: key });
    if (!response.ok) throw new Error(`Adding to ${key} was answered with ${response.status}.`);
  }

  async counters(): Promise<Counters> {
    const response = await fetch(`${this.server.url}/fuzz/${this.#run}/values`);
    if (!response.ok) throw new Error(`Reading the counters was answered with ${response.status}.`);
    return (await response.json()) as Counters;
  }

  /** All shared workers of this browser end at once, as when their process is killed. */
  async endWorkers(): Promise<void> {
    const session = await this.context.browser()!.newBrowserCDPSession();
    const { targetInfos } = await session.send("Target.getTargets");
    for (const { targetId, type, url } of targetInfos) {
      if (type === "shared_worker" && url.startsWith(this.network.url))
        await session.send("Target.closeTarget", { targetId });
    }
    await session.detach();
  }

  async crash(page: Page): Promise<void> {
    const crashed = page.waitForEvent("crash");
    const session = await this.context.newCDPSession(page);
    // The answer never comes.
    session.send("Page.crash").catch(() => {});
    await crashed;
    await page.close();
  }

  async click(page: Page, selector: string): Promise<void> {
    // No wait for the element to be still and in view: each step would take a tenth of a second longer.
    await page.locator(selector).evaluate((element: HTMLElement) => element.click(), undefined, { timeout: 30_000 });
  }

  /** The app gives what it shows another address. */
  async write(page: Page, way: "pushState" | "replaceState", address: string): Promise<void> {
    const url = `/fuzz/${this.#run}/${address}`;
    await page.evaluate(([method, to]) => history[method](null, "", to), [way, url] as const);
  }

  /** The app calls `router.refresh()`. */
  refresh(page: Page): Promise<void> {
    return refreshByApp(page);
  }

  look(page: Page): Promise<Look> {
    return page.evaluate(() => ({
      address: location.pathname.split("/").slice(3).join("/") + location.search,
      status: document.querySelector<HTMLElement>('[data-testid="live"]')?.dataset["state"] ?? "no status",
      values: [...document.querySelectorAll<HTMLElement>("output[data-key]")]
        .filter((output) => output.checkVisibility())
        .map((output) => `${output.dataset["key"]}=${output.textContent}`)
        .sort(),
      page: document.querySelector<HTMLInputElement>("input[data-note]")?.dataset["note"],
      note: document.querySelector<HTMLInputElement>("input[data-note]")?.value,
      isMarked: "isMarked" in window,
    }));
  }
}
