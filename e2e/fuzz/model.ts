import { type Counters, pageOf, pushedFrom, type Screen, screenAt, screenFrom } from "./screens.ts";

/** An entry of a tab's history. Addresses are those below `/fuzz/<run>/`. */
export type Visit = { readonly address: string; readonly screen: Screen };

export type Tab = {
  history: Visit[];
  at: number;
  /** What was typed into the page; undefined when nobody knows. */
  note: string | undefined;
  isHidden: boolean;
};

/** What must be true of one browser and its server. */
export type Model = {
  counters: Counters;
  tabs: Tab[];
  isOnline: boolean;
  isSlow: boolean;
  restartCount: number;
};

export function createModel(): Model {
  return {
    counters: { a: 0, b: 0, c: 0, gate: 0 },
    tabs: [createTab("plain")],
    isOnline: true,
    isSlow: false,
    restartCount: 0,
  };
}

export function createTab(address: string): Tab {
  return {
    history: [{ address, screen: screenAt(address) }],
    at: 0,
    note: undefined,
    isHidden: false,
  };
}

export function shownBy(tab: Tab): Visit {
  return tab.history[tab.at]!;
}

/** A link or a redirect: what was ahead is forgotten. */
export function push(tab: Tab, address: string): void {
  const visit = { address, screen: screenFrom(shownBy(tab).screen, address) };
  moveTo(tab, [...tab.history.slice(0, tab.at + 1), visit], tab.at + 1);
}

/** `history.pushState`: the address alone is another one. */
export function pushState(tab: Tab): void {
  const { address, screen } = shownBy(tab);
  tab.history = [...tab.history.slice(0, tab.at + 1), { address: pushedFrom(address), screen }];
  tab.at += 1;
}

/** The same of `history.replaceState`. */
export function replaceState(tab: Tab): void {
  const { address, screen } = shownBy(tab);
  tab.history = tab.history.with(tab.at, { address: pushedFrom(address), screen });
}

export function go(tab: Tab, by: -1 | 1): void {
  moveTo(tab, tab.history, tab.at + by);
}

/** The page is asked for anew: no modal is over it, and no slot shows what another page has left there. */
export function reload(tab: Tab): void {
  const { address } = shownBy(tab);
  tab.history = tab.history.with(tab.at, { address, screen: screenAt(address) });
  tab.note = undefined;
}

function moveTo(tab: Tab, history: Visit[], at: number): void {
  const before = shownBy(tab).screen;
  tab.history = history;
  tab.at = at;
  if (pageOf(before) !== pageOf(shownBy(tab).screen)) tab.note = "";
}
