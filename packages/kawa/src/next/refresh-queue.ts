import { parseVersions, type VersionVector } from "../core/version.ts";

/** A server that has not caught up may render what is known already; then ask again after this long. */
const behindDelayMs = 250;

function isOlder(shown: VersionVector, announced: VersionVector): boolean {
  return Object.entries(announced).some(([id, { epoch, seq }]) => {
    const own = shown[id];
    return own === undefined || own.epoch !== epoch || own.seq < seq;
  });
}

/**
 * Decides when the page is rendered again: at once, one refresh at a time and never one aborted, so that a steady stream
 * of changes always makes progress. Next would run every call, and show only the last.
 */
export class RefreshQueue {
  /** Versions that the committed render shows, as text. */
  shown: string;
  readonly #refresh: () => void;
  #announced = "";
  /** What had been announced when the last refresh began. */
  #asked = "";
  #isBusy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(shown: string, refresh: () => void) {
    this.shown = shown;
    this.#refresh = refresh;
  }

  /** The server has reached `versions`, and something that the page has read is among what changed. */
  announce(versions: string): void {
    this.#announced = versions;
    if (this.#isBehind) this.#start();
  }

  /** A render was committed. True when it is the end of a refresh. */
  commit(shown: string, isPending: boolean): boolean {
    this.shown = shown;
    if (isPending || !this.#isBusy) return false;
    this.#isBusy = false;
    if (this.#isBehind) {
      // What came in the meantime can be asked for at once; a render that did not move may need a moment.
      clearTimeout(this.#timer);
      if (this.#announced !== this.#asked) this.#start();
      else this.#timer = setTimeout(() => this.#isBehind && this.#start(), behindDelayMs);
    }
    return true;
  }

  /** What is shown now is of unknown age: any announcement is news until the next commit. */
  forget(): void {
    this.shown = "";
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  get #isBehind(): boolean {
    return isOlder(parseVersions(this.shown), parseVersions(this.#announced));
  }

  #start(): void {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#asked = this.#announced;
    clearTimeout(this.#timer);
    this.#refresh();
  }
}
