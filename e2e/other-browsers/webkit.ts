import { Builder, By, type WebDriver } from "selenium-webdriver";
import { getFreePort, killTree, type SpawnedProcess, spawnProcess, waitUntil } from "../support/process.ts";
import { findWebKit } from "./find.ts";
import type { LaunchOptions, OtherBrowser, Tab } from "./tab.ts";

const startMs = 60_000;

/** WebKitGTK, over its WebDriver, with a display that nobody sees. */
export async function launchWebKit({ hasSharedWorkers = true }: LaunchOptions = {}): Promise<OtherBrowser> {
  const { driver: driverPath, display: displayPath, browser } = findWebKit()!;
  const { display, name } = await startDisplay(displayPath);
  const port = await getFreePort();
  const server = spawnProcess(driverPath, [`--port=${port}`], {
    env: { DISPLAY: name, GDK_BACKEND: "x11", WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1" },
  });
  const stop = (): void => {
    for (const { pid } of [server, display]) killTree(pid);
  };
  try {
    await waitUntil(() => isAnswering(port), { timeoutMs: startMs, what: "WebKitWebDriver to answer" });
    const args = ["--automation", ...(hasSharedWorkers ? [] : ["--features=-SharedWorker"])];
    const driver = await new Builder()
      .usingServer(`http://127.0.0.1:${port}`)
      .withCapabilities({ browserName: "MiniBrowser", "webkitgtk:browserOptions": { binary: browser, args } })
      .build();
    return new Driven(driver, stop);
  } catch (error) {
    stop();
    throw new Error(`${(error as Error).message}\n${server.log()}`, { cause: error });
  }
}

async function startDisplay(path: string): Promise<{ display: SpawnedProcess; name: string }> {
  // It chooses a free number, and says which.
  const display = spawnProcess(path, ["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
  const number = await waitUntil(() => /^(\d+)$/m.exec(display.log())?.[1], {
    timeoutMs: startMs,
    what: "Xvfb to name its display",
  });
  return { display, name: `:${number}` };
}

async function isAnswering(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/status`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** A session drives one tab at a time, so commands wait for their turn. */
class Driven implements OtherBrowser {
  readonly #driver: WebDriver;
  readonly #stop: () => void;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(driver: WebDriver, stop: () => void) {
    this.#driver = driver;
    this.#stop = stop;
  }

  async newTab(): Promise<Tab> {
    const handle = await this.#inTurn(() => this.#openWindow());
    return this.#tabOf(handle);
  }

  async close(): Promise<void> {
    await this.#driver.quit().catch(() => {});
    this.#stop();
  }

  /** A window, so that all of them are visible. The session ends with its last one, so the first one stays. */
  async #openWindow(): Promise<string> {
    await this.#driver.switchTo().window((await this.#driver.getAllWindowHandles())[0]!);
    await this.#driver.switchTo().newWindow("window");
    return this.#driver.getWindowHandle();
  }

  #tabOf(handle: string): Tab {
    const inTab = <Result>(work: (driver: WebDriver) => Promise<Result>): Promise<Result> =>
      this.#inTurn(async () => {
        await this.#driver.switchTo().window(handle);
        return work(this.#driver);
      });
    const find = (driver: WebDriver, selector: string) =>
      driver.findElement(selector.startsWith("//") ? By.xpath(selector) : By.css(selector));
    return {
      goto: (url) => inTab((driver) => driver.get(url)),
      run: (script, ...args) =>
        inTab((driver) => driver.executeScript(`return (${script})(...${JSON.stringify(args)})`)),
      click: (selector) => inTab(async (driver) => find(driver, selector).click()),
      type: (selector, text) => inTab(async (driver) => find(driver, selector).sendKeys(text)),
      close: () => inTab((driver) => driver.close()),
    };
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => {});
    return result;
  }
}
