import { expect } from "@playwright/test";

/** What the drivers of all browsers can do with a tab. A selector is CSS, or XPath if it begins with two slashes. */
export type Tab = {
  goto(url: string): Promise<void>;
  /** Runs a function in the page. It sees nothing but its arguments; they and its result are JSON. */
  run<Args extends readonly unknown[], Result>(script: (...args: Args) => Result, ...args: Args): Promise<Result>;
  /** Clicks as a mouse does. */
  click(selector: string): Promise<void>;
  /** Types as a keyboard does, after what is in the field. */
  type(selector: string, text: string): Promise<void>;
  close(): Promise<void>;
};

export type OtherBrowser = {
  newTab(): Promise<Tab>;
  close(): Promise<void>;
};

export type LaunchOptions = {
  /** As where the browser has none, or allows none. @default true */
  hasSharedWorkers?: boolean;
};

const intervals = [20, 50, 100];

/** The text of the first element that matches a CSS selector. */
export function textIn(tab: Tab, selector: string): Promise<string | null> {
  return tab.run((wanted) => document.querySelector(wanted)?.textContent ?? null, selector);
}

/** While a document leaves, nothing can be read: the error stands for the text. */
export async function expectText(tab: Tab, selector: string, text: string): Promise<void> {
  await expect.poll(() => textIn(tab, selector).catch(String), { intervals, message: selector }).toBe(text);
}

export async function expectState(tab: Tab, state: "live" | "offline"): Promise<void> {
  await expectText(tab, "[data-testid=live]", state);
}

/** The value of a field. */
export function valueIn(tab: Tab, selector: string): Promise<string | null> {
  return tab.run((wanted) => document.querySelector<HTMLInputElement>(wanted)?.value ?? null, selector);
}

export async function openLive(tab: Tab, url: string): Promise<void> {
  await tab.goto(url);
  await expectState(tab, "live");
}

/** Resolves when the page has begun to leave: wait for what comes. */
export function traverse(tab: Tab, delta: 1 | -1): Promise<void> {
  return tab.run((by) => void setTimeout(() => history.go(by)), delta);
}

/** Leaves a mark in the document; returns a check that fails when the document was loaded anew since. */
export async function markDocument(tab: Tab): Promise<() => Promise<void>> {
  const mark = String(Math.random());
  await tab.run((text) => void (document.documentElement.dataset["mark"] = text), mark);
  return async () => expect(await tab.run(() => document.documentElement.dataset["mark"])).toBe(mark);
}
