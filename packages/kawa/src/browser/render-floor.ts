import { floorPrefix, type ShownFloor } from "../core/backend/render-floor.ts";

/** What a render has brought is on the screen after this long, in milliseconds. */
const longestUpdateMs = 1_000;

/**
 * How new the server components are that the tab shows or is about to show: of each history the number of the newest value that they
 * have read. Their renders tell it ahead of what they show.
 */
export class RenderFloor {
  versions: ShownFloor = {};
  #updatingUntil = 0;
  /** Address of the render that was asked for last, until all of it has come. */
  coming = "";

  /**
   * True while a render comes in, and a moment longer: what waits now leaves the page before, or the fallback of a part that comes late, on
   * the screen. Nothing tells when React has shown the last part.
   */
  get isUpdating(): boolean {
    return this.coming !== "" || performance.now() < this.#updatingUntil;
  }

  /** All that was asked for under this address has come. */
  end(address: string): void {
    if (address !== this.coming) return;
    this.coming = "";
    this.#extend();
  }

  /** Takes over what renders have told since the last call. */
  take(): void {
    for (const link of globalThis.document?.head?.querySelectorAll(`link[href^="${floorPrefix}"]`) ?? []) {
      const [, epoch = "", seq] = link.getAttribute("href")!.split(":");
      link.remove();
      this.versions = { ...this.versions, [epoch]: Math.max(this.versions[epoch] ?? 0, Number(seq)) };
      this.#extend();
    }
  }

  #extend(): void {
    this.#updatingUntil = performance.now() + longestUpdateMs;
  }
}
