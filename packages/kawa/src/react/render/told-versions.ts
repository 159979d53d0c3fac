import { prefetchDNS } from "react-dom";
import { minVersionPrefix } from "../../core/backend/min-versions.ts";
import type { Version } from "../../core/value/version.ts";

/** Most messages of one render: each stays in the memory of the page. */
const maxTold = 8;

/**
 * Tells a browser which version the server components of a soft navigation show, before it renders the client components beside them. A
 * hook can put nothing into what its component returns, and the layouts with `<LiveUpdates>` are not rendered again. But React DOM sends a
 * hint ahead of everything else in the same flush, and it arrives as a link in the head.
 */
export class ToldVersions {
  readonly #seqs = new Map<string, number>();
  readonly #name = Math.random().toString(36).slice(2, 6);
  #toldCount = 0;

  /** A component has read a value with the number `seq`; the render shows no later version than `newest`. */
  note(seq: number, newest: Version): void {
    if ((this.#seqs.get(newest.epoch) ?? -1) >= seq || this.#toldCount >= maxTold) return;
    this.#toldCount += 1;
    // The last message tells the most that the render can show: a list may read newer and newer values.
    const told = this.#toldCount === maxTold ? Math.max(seq, newest.seq) : seq;
    this.#seqs.set(newest.epoch, told);
    // The name makes each message another hint: React DOM tells the same hint only once.
    prefetchDNS(`${minVersionPrefix}:${newest.epoch}:${told}:${this.#name}`);
  }
}
