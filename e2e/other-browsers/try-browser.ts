import { randomUUID } from "node:crypto";
import { test } from "../fixtures.ts";
import type { LaunchOptions, OtherBrowser, Tab } from "./tab.ts";

type Subject = {
  /** Begins the names of keys. */
  readonly name: string;
  /** Why it cannot run here. */
  readonly missing: string | undefined;
  readonly launch: (options?: LaunchOptions) => Promise<OtherBrowser>;
  /** Shows a document again as it was left, when one goes back to it. */
  readonly keepsDocuments: boolean;
};

/** A browser that all tests of a file share. */
export type Tried = Pick<Subject, "launch" | "keepsDocuments"> & {
  /** Closed after the test. */
  readonly newTab: () => Promise<Tab>;
  readonly closeTab: (tab: Tab) => Promise<void>;
  /** A key that nothing was written to. */
  readonly keyOf: (name: string) => string;
};

/** Skips the tests of the file where the browser is missing. */
export function tryBrowser({ name: browserName, missing, launch, keepsDocuments }: Subject): Tried {
  test.skip(missing !== undefined, missing);

  let browser: OtherBrowser | undefined;
  const tabs = new Set<Tab>();
  const closeTab = async (tab: Tab): Promise<void> => {
    tabs.delete(tab);
    await tab.close();
  };

  test.beforeAll(async () => {
    // A first start on a busy machine.
    test.setTimeout(240_000);
    browser = await launch();
  });
  test.afterAll(() => browser?.close());
  test.afterEach(async () => {
    for (const tab of tabs) await closeTab(tab);
  });

  return {
    launch,
    keepsDocuments,
    closeTab,
    keyOf: (name) => `${browserName}-${name}-${randomUUID().slice(0, 8)}`,
    async newTab() {
      const tab = await browser!.newTab();
      tabs.add(tab);
      return tab;
    },
  };
}

export const button = (text: string): string => `//button[normalize-space()="${text}"]`;
export const link = (text: string): string => `//a[normalize-space()="${text}"]`;
