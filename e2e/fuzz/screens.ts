import type { Key } from "../lab-app/app/fuzz/keys.ts";

/** Which counters each page shows, each as often as it shows them. */
const pages = {
  plain: ["a", "b"],
  segment: ["b"],
  fragment: ["a", "c"],
  "nested/one": ["a", "b"],
  "nested/two": ["a", "c"],
  waiting: ["a", "b"],
  slots: ["a", "c"],
  "slots/deep": ["b"],
  feed: ["a"],
  "feed/photo": ["b", "c"],
  action: ["c"],
  "action/segment": ["a", "c"],
  gate: ["gate"],
  late: ["a", "b"],
  client: ["a", "a", "c"],
  "search?of=a": ["a"],
  "search?of=b": ["b"],
  quiet: [],
  photo: ["a", "c"],
} as const satisfies Record<string, readonly Key[]>;

/** All that can be visited. */
export const addresses: readonly string[] = Object.keys(pages);

/**
 * What is on the screen, which the address alone does not tell: `feed`, `photo over feed`, `slots/deep beside slots`. A photo is a page
 * of its own, or a modal over the page that it was opened from. A slot keeps what it has shown when an address has nothing for it.
 */
export type Screen = string;

/** What a photo shows as a modal. */
const modals: Readonly<Record<string, readonly Key[]>> = { photo: ["c"], "feed/photo": [] };
/** What the page of `slots` leaves in its slot. */
const slot: readonly Key[] = ["c"];

/** What an address is called that `history.pushState` has given a page; each page takes it for the one before. */
export function pushedFrom(address: string): string {
  return `${address}${address.includes("?") ? "&" : "?"}pushed`;
}

/** The address as a link has it. */
export function linkedFrom(address: string): string {
  return address.replace(/[?&]pushed$/, "");
}

/** What a browser shows that asks for an address anew. */
export function screenAt(address: string): Screen {
  return linkedFrom(address);
}

/** What a browser shows that comes from another screen by a link. */
export function screenFrom(from: Screen, address: string): Screen {
  if (address === "photo" || (address === "feed/photo" && from === "feed")) return `${address} over ${from}`;
  if (address === "slots/deep" && from.replace(/^photo over /, "") === "slots") return "slots/deep beside slots";
  return screenAt(address);
}

/** The page that React keeps, with what was typed into it, for as long as this is the same. */
export function pageOf(screen: Screen): string {
  return screen
    .replace(/^.* over /, "")
    .replace(/ beside .*/, "")
    .replace(/\?.*/, "");
}

export type Counters = Record<Key, number>;

/** The values on a screen as `key=value`, sorted. */
export function valuesOn(screen: Screen, counters: Counters): string[] {
  return keysOn(screen)
    .map((key) => `${key}=${key === "gate" ? gateText(counters.gate) : counters[key]}`)
    .sort();
}

function keysOn(screen: Screen): readonly Key[] {
  const [, modal, behind] = /^(\S+) over (.*)$/.exec(screen) ?? [];
  if (behind !== undefined) return [...modals[modal!]!, ...keysOn(behind)];
  if (screen.endsWith(" beside slots")) return [...slot, ...pages["slots/deep"]];
  return pages[screen as keyof typeof pages];
}

function gateText(gate: number): string {
  return gate % 3 === 0 ? "not found" : gate % 3 === 2 ? "failed" : String(gate);
}
