import { valuePort } from "../../browser/value-port.ts";
import type { ShownRender, StaleWay } from "../protocol/stream-protocol.ts";
import { isNavigationReported } from "../router/navigation-start.ts";
import { nextTask } from "../router/next-task.ts";
import { mayDiscardAction, type RouterNews, tellRefreshes } from "../router/router-requests.ts";
import { isOfOneAddress } from "../router/router-tree.ts";
import { LateRefresh } from "./late-refresh.ts";
import { LiveStatusStore } from "./live-status.ts";
import type { LiveCommit, LiveTabOptions } from "./live-tab-options.ts";
import { RefreshQueue, type RefreshStep } from "./refresh-queue.ts";
import { type OtherRenders, ShownPage } from "./shown-page.ts";
import { type TabNews, TabStream } from "./tab-stream.ts";
import { giveUp, tellStale } from "./tell-stale.ts";
import { Visitor } from "./visitor.ts";
import { StaleWatchdog } from "./stale-watchdog.ts";

/**
 * All that keeps one tab current. The queue is told what was announced, and asks for one render at a time:
 *
 *     refresh:     none ── announced ─▶ under way ── commit(n), broken ─▶ none
 *     navigation:  none ── noteNavigation ─▶ under way ── commit(n), broken ─▶ none
 *
 * No refresh starts in a hidden tab or while a navigation is under way. After a commit that shows less than was announced the next one does.
 */
export class LiveTab {
  readonly status: LiveStatusStore = new LiveStatusStore();
  /** How many refreshes and navigations have been started. */
  refreshCount = 0;
  navigationCount = 0;
  readonly #page = new ShownPage();
  readonly #stream: TabStream;
  readonly #queue: RefreshQueue;
  readonly #watchdog: StaleWatchdog;
  readonly #visitor = new Visitor((isShown) => {
    this.#stream.renew();
    // What is shown is still of the visitor before.
    if (!isShown) this.#queue.force();
  });
  readonly #late = new LateRefresh({
    underWay: () => (this.#queue.isBusy ? this.refreshCount : undefined),
    replace: () => this.#noteRender("broken"),
  });
  readonly #retries = new Set<() => void>();
  #options: LiveTabOptions | undefined;
  #isUp: boolean | undefined;
  #isUpdating = false;
  /** The refresh that was asked for last. */
  #asked: { readonly step: RefreshStep; readonly href: string } | undefined;
  #committedCount = 0;
  #isNavigating = false;
  #isLost = false;

  constructor() {
    this.#watchdog = new StaleWatchdog({
      isBehind: () => this.#queue.isBehind && this.#isUp === true && document.visibilityState !== "hidden",
      way: () => (this.#queue.isBusy ? "refresh" : this.#isNavigating ? "navigation" : "wait"),
      onBehind: (since) => this.status.setBehind(since),
      onStale: (way) => this.#reportStale(way),
    });
    this.#queue = new RefreshQueue({
      shown: () => this.#page.versions,
      // A refresh while a navigation is under way would be of the page that is being left.
      canStart: () => document.visibilityState !== "hidden" && !this.#isNavigating,
      start: (step) => this.#start(this.#isLost ? "anew" : step),
      onBehind: () => this.#watchdog.look(),
      onStale: (announced) => {
        this.#watchdog.report("renders");
        giveUp(announced);
      },
    });
    this.#stream = new TabStream({
      shown: () => this.#page.subscription,
      onNews: (message) => this.#receive(message),
      onRender: (render) => this.#noteRender(render),
      onWatch: () => this.#update(),
      onVisibility: () => {
        this.#watchdog.look();
        if (document.visibilityState !== "hidden") this.#queue.resume();
      },
      onStop: () => {
        this.#queue.stop();
        this.#isUp = undefined;
        this.#watchdog.look();
      },
    });
  }

  /** `<LiveRefresh>` is there. Returns its end. */
  mount(options: LiveTabOptions): () => void {
    this.#options = options;
    this.#stream.src = new URL(options.src, location.href).href;
    const release = this.#stream.use();
    return () => {
      if (this.#options === options) this.#options = undefined;
      release();
    };
  }

  /** Tells what is on the screen now. */
  commit({ shown, refreshCount, navigationCount }: LiveCommit): void {
    const refreshed = refreshCount === this.#committedCount ? undefined : this.#asked?.step;
    const { isLeft, isOlder } = this.#page.commit({ shown, refreshed });
    this.#committedCount = refreshCount;
    this.#isNavigating = navigationCount !== this.navigationCount;
    // The page that had to be rendered was left. What is shown instead is compared when the stream asks for it.
    if (isLeft) this.#queue.leave();
    if (isOlder) this.#queue.force();
    this.#update();
  }

  /** Says who looks. */
  readonly identify = (identity: string | undefined): void => this.#visitor.identify(identity);

  /** `<LiveMarker>` is there. Returns its end. */
  markPage(shown: ShownRender): () => void {
    const remove = this.#page.addPage(shown, this.refreshingHere === "page");
    this.#update();
    return () => {
      remove();
      this.#update();
    };
  }

  /** Follows renders beside those of the route. Returns what to call when they have changed. */
  follow(others: OtherRenders): () => void {
    this.#page.others = others;
    return () => this.#update();
  }

  /** A navigation starts; {@link commit} names the number that this returns when it is over. */
  noteNavigation(): number {
    this.#isNavigating = true;
    return (this.navigationCount += 1);
  }

  /** The last refresh could not be rendered. */
  readonly noteFailure = (): void => this.#queue.fail();

  /** Calls `retry` when there may be a good render again, and keeps the stream meanwhile. */
  onRetry(retry: () => void): () => void {
    this.#retries.add(retry);
    const release = this.#stream.use();
    return () => {
      this.#retries.delete(retry);
      release();
    };
  }

  /** The page has failed with all of Kawa in it: from now on {@link retry} is what a refresh does. `render` is what was loaded. */
  fail(src: string, render: string): void {
    this.#stream.src ||= new URL(src, location.href).href;
    this.commit({ ...this, shown: this.#page.route[0] ? this.#page.route : [render, ""] });
  }

  retry(): void {
    for (const retry of this.#retries) retry();
  }

  /** How the last refresh that was asked for is made, while it is of what the tab shows. */
  get refreshingHere(): RefreshStep | false | undefined {
    return this.#queue.isBusy && this.#asked?.href === location.href && this.#asked.step;
  }

  #receive(message: TabNews): void {
    if (message.type === "up") {
      this.status.setUp(message.isUp, message.state, message.build);
      if (message.isUp && this.#isUp === false && this.#retries.size > 0) this.#queue.force();
      this.#isUp = message.isUp;
      this.#watchdog.look();
    } else if (message.type === "change") {
      const { versions, spreadMs } = message;
      const way = this.#options?.way;
      const asked = message.way === "page" ? "page" : "route";
      this.#watchdog.clock.announce(versions, asked);
      if (!versions) this.#queue.force(spreadMs);
      else this.#queue.announce(versions, !way || way === "auto" ? asked : way, spreadMs);
    } else {
      valuePort().values?.forget();
      this.#watchdog.clock.announce("", "route");
      this.#queue.force(message.spreadMs);
    }
  }

  #noteRender(render: RouterNews): void {
    if (typeof render === "string") {
      // The next refresh takes the place of what was on its way, and of what Next keeps of it.
      this.#isLost ||= render === "lost" || this.#isNavigating;
      this.#isNavigating = false;
      this.#committedCount = this.refreshCount;
      this.#queue.force();
    } else this.#page.receive(render);
    this.#update();
  }

  /** Looks at all that an event has changed, once for all effects of a commit. */
  #update(): void {
    if (this.#isUpdating) return;
    this.#isUpdating = true;
    queueMicrotask(() => {
      this.#isUpdating = false;
      if (this.#committedCount === this.refreshCount) {
        this.#page.endRefresh();
        if (this.#queue.isBusy) this.#watchdog.clock.end(this.#page.versions);
        this.#queue.settle();
        this.#watchdog.look();
      }
      this.#queue.resume();
      this.#stream.tell();
    });
  }

  #start(step: RefreshStep): void {
    this.#isLost = false;
    this.#watchdog.clock.begin();
    this.refreshCount += 1;
    // An effect of the commit that is over may have called an action, which Next sends a microtask later.
    if (step === "page") nextTask(() => this.#refresh(this.#canNavigate ? step : "route"));
    else this.#refresh(step);
  }

  /** True where navigating to the shown address spoils nothing: Next drops other navigations, actions with their results, and doubles a hash. */
  get #canNavigate(): boolean {
    return (
      isNavigationReported() && !this.#isNavigating && isOfOneAddress() && location.hash === "" && !mayDiscardAction()
    );
  }

  #refresh(wanted: RefreshStep): void {
    const { isOutdated } = this.status.get();
    const step = this.#page.beginRefresh(isOutdated ? "route" : wanted);
    this.#asked = { step, href: location.href };
    const { renders, route } = this.#page;
    // Only an action can be refused: the answer to anything else has to be waited for.
    if (this.#options)
      return this.#options.refresh(isOutdated ? "route" : step, this.refreshCount, renders.ask(), route[0]);
    this.retry(); // The root layout has failed: only its error boundary is there.
    this.#committedCount = this.refreshCount;
    this.#update();
  }

  #reportStale(way: StaleWay): void {
    const { announced } = this.#queue;
    this.status.countStale();
    tellStale(this.#stream.src, { way, path: location.pathname, announced, ...this.#page.subscription });
    if (way === "refresh") this.#late.watch();
  }
}

export const liveTab: LiveTab = new LiveTab();
tellRefreshes(() => liveTab.refreshingHere);
