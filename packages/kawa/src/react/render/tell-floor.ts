import { prefetchDNS } from "react-dom";
import { floorPrefix } from "../../core/backend/render-floor.ts";
import type { Version } from "../../core/value/version.ts";

/** Messages of one render: each stays in the memory of the page. */
const maxTold = 8;

/**
 * Tells a browser which version the server components of a soft navigation show, before it renders the client components beside them. A
 * hook can put nothing into what its component returns, and the layouts, with `<LiveUpdates>`, are not rendered again; but a hint to React
 * DOM goes ahead of everything that waits in the same flush, and arrives as a link in the head.
 */
export class ToldFloor {
  readonly #seqs = new Map<string, number>();
  readonly #name = Math.random().toString(36).slice(2, 6);
  #toldCount = 0;

  /** A component has read a value with the number `seq`; the render shows no later version than `newest`. */
  note(seq: number, newest: Version): void {
    if ((this.#seqs.get(newest.epoch) ?? -1) >= seq || this.#toldCount >= maxTold) return;
    this.#toldCount += 1;
    // A list whose values become newer and newer is told once.
    const told = this.#toldCount === maxTold ? Math.max(seq, newest.seq) : seq;
    this.#seqs.set(newest.epoch, told);
    // The name makes each message a new one: React DOM tells the same hint once.
    prefetchDNS(`${floorPrefix}:${newest.epoch}:${told}:${this.#name}`);
  }
}
