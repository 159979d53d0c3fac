import { minVersionPrefix, type MinVersions } from "../core/backend/min-versions.ts";

/** React has shown all of a render at the latest this long after its last part has come, in milliseconds. */
const longestUpdateMs = 1_000;

/**
 * How new the server components are that the tab shows or is about to show: for each history the number of the newest value that they
 * have read. A render tells it ahead of its content.
 */
export class RenderedVersions {
  versions: MinVersions = {};
  #updatingUntil = 0;
  /** Address of the render that was requested last, until all of it has come. */
  coming = "";

  /**
   * True while a render comes in, and a moment longer, for nothing tells when React has shown its last part. A component that suspends now
   * leaves the page before on the screen, or the fallback of a part that comes late.
   */
  get isUpdating(): boolean {
    return this.coming !== "" || performance.now() < this.#updatingUntil;
  }

  /** Called when all of the render of an address has come. */
  end(address: string): void {
    if (address !== this.coming) return;
    this.coming = "";
    this.#extend();
  }

  /** Takes over what renders have told since the last call. */
  take(): void {
    for (const link of globalThis.document?.head?.querySelectorAll(`link[href^="${minVersionPrefix}"]`) ?? []) {
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
