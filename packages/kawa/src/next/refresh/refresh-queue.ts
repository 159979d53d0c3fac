import { parseVersions } from "../../core/value/version.ts";
import { isAhead } from "../protocol/is-ahead.ts";
import type { RefreshWay } from "../protocol/stream-protocol.ts";

/**
 * `page` renders the page segment again, `route` everything with its layouts; `anew` is the route without anything that Next keeps.
 */
export type RefreshStep = RefreshWay | "anew";

/** What a tab shows: versions that the committed renders say of themselves, as text. */
export type ShownVersions = {
  readonly route: string;
  /** Undefined where the page has no `<LivePage />`. */
  readonly page: string | undefined;
};

export type RefreshQueueOptions = {
  shown: () => ShownVersions;
  /** False while the tab is hidden or a navigation is under way; {@link RefreshQueue.resume} says when that is over. */
  canStart: () => boolean;
  /** Asks for a render; its end is told to {@link RefreshQueue.settle}. */
  start: (step: RefreshStep) => void;
  /** {@link RefreshQueue.isBehind} has changed. */
  onBehind: () => void;
  /** Render after render showed less than was announced; no more is asked for until the next announcement. */
  onStale: (announced: string) => void;
};

/** A server that has not caught up may render what is known already; then ask again after this long. */
const behindDelayMs = 250;
/** The same announcement, told again after the queue gave it up, waits this long. */
const givenUpDelayMs = 5_000;

/** After so many renders that show less than was announced, the next one is of the route, then anew, and then none is asked for. */
const routeAfter = 2;
const anewAfter = 3;
const stopAfter = 4;

/**
 * Decides when and how the page is rendered again: at once, one refresh at a time and never one aborted, so that a steady
 * stream of changes always makes progress. Next would run every call, and show only the last.
 */
export class RefreshQueue {
  readonly #options: RefreshQueueOptions;
  /** Announced versions by what has to be rendered for them. */
  readonly #announced: Record<RefreshWay, string> = { page: "", route: "" };
  /**
   * Announced versions of which the renders since then say nothing: a late part of them may show these. They count as shown until a server
   * announces them again.
   */
  readonly #assumed: Record<RefreshWay, string> = { page: "", route: "" };
  /** A render is wanted whatever it shows. */
  #isForced = false;
  /** A forced render is under way: the tab counts as behind until it is there. */
  #isForcing = false;
  /** Something was announced, or forced, since the last start. */
  #isNews = false;
  #isBusy = false;
  #isBehind = false;
  #failureCount = 0;
  /** When the next start is due; undefined where nothing is known to be needed, infinite where only the next announcement starts one. */
  #dueAt: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: RefreshQueueOptions) {
    this.#options = options;
  }

  /** True between the start of a refresh and its end. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** Versions that have to be shown; empty when any next render will do. */
  get announced(): string {
    return this.#announced[this.#need ?? "route"];
  }

  /** True while something is known to be newer than what is shown. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** A server has reached `versions`, and something that the tab shows is among what changed. */
  announce(versions: string, way: RefreshWay, spreadMs = 0): void {
    if (this.#announced[way] !== versions) {
      this.#announced[way] = versions;
      this.#failureCount = 0;
      this.#want(spreadMs);
    } else if (!this.#isBusy && !isFinite(this.#dueAt ?? Infinity)) {
      // Announced again, as by a new stream: the server still sees less than that on the screen, so it does not count as shown any more.
      this.#assumed[way] = "";
      this.#dueAt = this.#dueIn(Math.max(spreadMs, givenUpDelayMs));
      this.resume();
    }
  }

  /**
   * The page that had to be rendered was left: what was announced for it alone is dropped, what was given up is tried again, and a refresh
   * that is under way proves nothing of the page that is shown now.
   */
  leave(): void {
    this.#announced.page = "";
    this.#failureCount = 0;
    this.#isNews = true;
    if (this.#dueAt === Infinity) this.#dueAt = undefined;
  }

  /** Asks for a render of the whole route, whatever it will show. */
  force(spreadMs = 0): void {
    this.#isForced = true;
    this.#want(spreadMs);
  }

  /** The refresh that was started last has been committed, or has ended without. */
  settle(): void {
    if (!this.#isBusy) return;
    this.#isBusy = this.#isForcing = false;
    if (!this.#isNews) {
      Object.assign(this.#assumed, this.#announced);
      this.#failureCount += 1;
      if (this.#check() && this.#failureCount >= stopAfter) {
        this.#dueAt = Infinity;
        this.#options.onStale(this.announced);
      }
    }
    this.resume();
  }

  /** The refresh that was started last has brought no render, so what was announced is not shown. The next announcement starts another one. */
  fail(): void {
    this.#isNews = true;
    this.#assumed.route = this.#assumed.page = "";
    this.#dueAt ??= Infinity;
    this.#check();
  }

  /** Something was committed, or what kept a refresh from starting is over. */
  resume(): void {
    clearTimeout(this.#timer);
    if (!this.#check() || this.#isBusy || this.#dueAt === Infinity || !this.#options.canStart()) return;
    const delayMs = this.#dueAt! - Date.now();
    if (delayMs > 0) this.#timer = setTimeout(() => this.resume(), delayMs);
    else this.#start();
  }

  /** Nothing is shown any more. The next stream compares what is shown then. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#announced.route = this.#announced.page = "";
  }

  get #need(): RefreshWay | undefined {
    const { route, page } = this.#options.shown();
    if (this.#isForced || this.#isOlder(route, "route")) return "route";
    if (!this.#isOlder(page ?? route, "page")) return undefined;
    // The page whose segment had to be rendered may be gone: then render the route.
    return page === undefined ? "route" : "page";
  }

  #isOlder(shown: string, way: RefreshWay): boolean {
    // What is shown comes last: it says more.
    return isAhead(parseVersions(this.#announced[way]), parseVersions(`${this.#assumed[way]};${shown}`), true);
  }

  #want(spreadMs: number): void {
    this.#isNews = true;
    // A later announcement does not delay a render that waits.
    this.#dueAt = Math.min(this.#dueAt ?? Infinity, this.#dueIn(spreadMs));
    this.resume();
  }

  #dueIn(spreadMs: number): number {
    return Date.now() + spreadMs * Math.random();
  }

  /** True when something newer is known than what is shown. Then something is due: also a page that came without a refresh may show less. */
  #check(): boolean {
    const isNeeded = this.#need !== undefined;
    if (!isNeeded) {
      this.#failureCount = 0;
      this.#dueAt = undefined;
    } else if (!this.#isBusy) this.#dueAt ??= Date.now() + behindDelayMs;
    const isBehind = isNeeded || this.#isForcing;
    if (isBehind !== this.#isBehind) {
      this.#isBehind = isBehind;
      this.#options.onBehind();
    }
    return isNeeded;
  }

  #start(): void {
    const step = this.#failureCount < routeAfter ? this.#need! : this.#failureCount < anewAfter ? "route" : "anew";
    this.#isBusy = true;
    this.#isForcing = this.#isForced;
    this.#isNews = this.#isForced = false;
    this.#dueAt = undefined;
    this.#options.start(step);
  }
}
