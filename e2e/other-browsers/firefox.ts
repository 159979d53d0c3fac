import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killTree, spawnProcess, waitUntil } from "../support/process.ts";
import { BidiConnection } from "./bidi-connection.ts";
import { findFirefox } from "./find.ts";
import type { LaunchOptions, OtherBrowser, Tab } from "./tab.ts";

/** No calls home, which a closed network answers slowly, and no page of its own. */
const preferences = {
  "app.normandy.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage_override.mstone": "ignore",
  "browser.startup.page": 0,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "services.settings.server": "data:,#remote-settings-dummy/v1",
};

/** All windows are private ones. */
const withoutSharedWorkers = { "browser.privatebrowsing.autostart": true };

/** The system's Firefox, over WebDriver BiDi, which it speaks itself. */
export async function launchFirefox({ hasSharedWorkers = true }: LaunchOptions = {}): Promise<OtherBrowser> {
  const profile = await mkdtemp(join(tmpdir(), "kawa-firefox-"));
  const chosen = { ...preferences, ...(hasSharedWorkers ? {} : withoutSharedWorkers) };
  const lines = Object.entries(chosen).map((entry) => `user_pref(${JSON.stringify(entry).slice(1, -1)});\n`);
  await writeFile(join(profile, "user.js"), lines.join(""));
  const args = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"];
  // It refuses a home of somebody else.
  const firefox = spawnProcess(findFirefox()!, args, { env: { HOME: profile } });
  const stop = async (): Promise<void> => {
    killTree(firefox.pid);
    await firefox.exited;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const address = await waitUntil(() => /WebDriver BiDi listening on (ws:\S+)/.exec(firefox.log())?.[1], {
      timeoutMs: 60_000,
      what: "Firefox to listen",
    });
    const connection = await BidiConnection.open(`${address}/session`);
    return {
      newTab: () => openTab(connection),
      async close() {
        connection.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw new Error(`${(error as Error).message}\n${firefox.log()}`, { cause: error });
  }
}

type Node = { readonly sharedId: string };

async function openTab(connection: BidiConnection): Promise<Tab> {
  // A window, so that all of them are visible.
  const { context } = await connection.send<{ context: string }>("browsingContext.create", { type: "window" });

  const evaluate = async <Result>(expression: string): Promise<Result> => {
    const outcome = await connection.send<{ result: Result; exceptionDetails?: { text: string } }>("script.evaluate", {
      expression,
      target: { context },
      awaitPromise: false,
    });
    if (outcome.exceptionDetails) throw new Error(outcome.exceptionDetails.text);
    return outcome.result;
  };
  const find = async (selector: string, then: string): Promise<Node> => {
    const text = JSON.stringify(selector);
    const found = selector.startsWith("//")
      ? `document.evaluate(${text}, document, null, XPathResult.FIRST_ORDERED_NODE_TYPE).singleNodeValue`
      : `document.querySelector(${text})`;
    const { sharedId } = await evaluate<Partial<Node>>(`(element => (element?.${then}, element))(${found})`);
    if (sharedId === undefined) throw new Error(`There is no ${selector}.`);
    return { sharedId };
  };
  const act = (action: Record<string, unknown>): Promise<unknown> =>
    connection.send("input.performActions", { context, actions: [{ id: String(action["type"]), ...action }] });

  return {
    goto: async (url) => void (await connection.send("browsingContext.navigate", { context, url, wait: "complete" })),
    async run(script, ...args) {
      const { value } = await evaluate<{ value?: string }>(`JSON.stringify((${script})(...${JSON.stringify(args)}))`);
      return value === undefined ? undefined : JSON.parse(value);
    },
    async click(selector) {
      const element = await find(selector, 'scrollIntoView({ block: "center", behavior: "instant" })');
      await act({
        type: "pointer",
        actions: [
          { type: "pointerMove", x: 0, y: 0, origin: { type: "element", element } },
          { type: "pointerDown", button: 0 },
          { type: "pointerUp", button: 0 },
        ],
      });
    },
    async type(selector, text) {
      await find(selector, "focus()");
      await act({
        type: "key",
        actions: [...text].flatMap((value) => ["keyDown", "keyUp"].map((type) => ({ type, value }))),
      });
    },
    close: async () => void (await connection.send("browsingContext.close", { context })),
  };
}
