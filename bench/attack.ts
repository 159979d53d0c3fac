import { maxTabs } from "../packages/kawa/src/next/protocol/stream-protocol.ts";
import type { Attacker } from "./attacker.ts";

export type Attack = {
  readonly name: string;
  /** What the app has before, for a fair comparison of its memory. */
  readonly prepare?: (attacker: Attacker) => Promise<unknown>;
  readonly run: (attacker: Attacker) => Promise<unknown>;
  /** What an app would be rid of, too. */
  readonly cleanUp?: (attacker: Attacker) => Promise<unknown>;
  /** How long what it opened stays open at least, from its begin on. In milliseconds. @default 3_000 */
  readonly holdMs?: number;
  /**
   * What it sends, for those that are measured against the same requests to a route that does nothing: that is what Next itself has
   * to do. Attacks that send the same share the figure.
   *
   * @default the goal allows for nothing
   */
  readonly baseline?: string;
  /** The route that does nothing else answers with so many bytes. @default a few */
  readonly baselineBytes?: number;
  /** It comes from the address of the honest visitor, whose limits it spends: their refusals are reported and no fault. */
  readonly isSameAddress?: boolean;
};

/** The tabs of one stream. */
export const tabsOf = (subscription: (tab: number) => object, count = maxTabs): object =>
  Object.fromEntries(Array.from({ length: count }, (_, tab) => [`tab${tab}`, { route: [], ...subscription(tab) }]));

export const listOf = <T>(count: number, item: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => item(index));

export const all = (count: number, work: (index: number) => Promise<unknown>): Promise<unknown> =>
  Promise.all(listOf(count, work));
