import { valuePort } from "../../browser/value-port.ts";
import { maxWatched } from "../../browser/value-protocol.ts";
import {
  maxRendersPerTab,
  type RefreshWay,
  type ShownRender,
  type StaleWay,
  type Subscription,
} from "../protocol/stream-protocol.ts";
import type { OwnerMessage } from "../shared-stream/owner-protocol.ts";
import { type TabPort, connectTab } from "../shared-stream/connect-tab.ts";
import { LiveStatusStore } from "./live-status.ts";
import { isNavigationReported } from "../router/navigation-start.ts";
import { isStaticRender } from "../protocol/static-render.ts";
import { observeReceivedRenders } from "./received-renders.ts";
import { KeptSegments } from "./kept-segments.ts";
import { nextTask } from "../router/next-task.ts";
import { RefreshQueue, type RefreshStep, type ShownVersions } from "./refresh-queue.ts";
import { mayDiscardAction, onRouterAnswer, type RouterNews, settleActions } from "../router/router-requests.ts";
import { isOfOneAddress, shownTree } from "../router/router-tree.ts";
import { ShownRenders } from "../router/shown-renders.ts";
import type * as Reports from "./stale-report.ts";
import { Watchdog } from "./watchdog.ts";

export type LiveRefreshWay = "auto" | RefreshWay;

export type LiveTabOptions = {
  src: string;
  way: LiveRefreshWay;
  /**
   * Asks Next for a render, with the id `next` in place of `shown`; {@link LiveTab.commit} names `refreshCount` when it is there. The
   * `step` `page` navigates to the address that is shown.
   */
  refresh: (step: RefreshStep, refreshCount: number, next: string, shown: string) => void;
};

/** Renders that a tab shows beside those of its route, such as those of live fragments. */
export interface OtherRenders {
  readonly shown: readonly ShownRender[];
  /** Another page is shown. */
  onMove(): void;
}

/** What React has committed. */
export type LiveCommit = {
  readonly shown: ShownRender;
  /** Of the refresh and of the navigation that were committed last. */
  readonly refreshCount: number;
  readonly navigationCount: number;
};

/** All that keeps one tab current. */
export class LiveTab {
  readonly status: LiveStatusStore = new LiveStatusStore();
  /** How many refreshes and navigations have been started. */
  refreshCount = 0;
  navigationCount = 0;
  readonly #renders = new ShownRenders();
  readonly #segments = new KeptSegments();
  readonly #retries = new Set<() => void>();
  readonly #queue: RefreshQueue;
  readonly #watchdog: Watchdog;
  #options: LiveTabOptions | undefined;
  #others: OtherRenders | undefined;
  #src = "";
  #port: TabPort | undefined;
  #token: string | undefined;
  #problem = "";
  #userCount = 0;
  #stop: (() => void) | undefined;

  #route: ShownRender = ["", ""];
  /** Id of the render that the layout is of. */
  #rendered = "";
  /** Of the pages that say it, in the order in which they came. */
  readonly #pages = new Set<ShownRender>();
  #url = "";
  /** What Next's router showed at the last commit. */
  #tree: string | undefined;
  /** All that is shown is of that address. */
  #isOfOneAddress = false;
  #told = "";
  #isUp: boolean | undefined;
  #isUpdating = false;

  #identity: string | undefined;
  /** A stream may still bring what the visitor before was allowed to see. */
  #isDeaf = false;

  #refreshedUrl = "";
  #step: RefreshStep | undefined;
  #committedCount = 0;
  #isNavigating = false;
  /** Renders whose answers have begun since the last commit. */
  #arrivedCount = 0;

  constructor() {
    const shown = (): ShownVersions => ({
      route: this.#route[1],
      page: this.#isOfOneAddress ? [...this.#pages].at(-1)?.[1] : undefined,
    });
    this.#watchdog = new Watchdog({
      shown,
      isBehind: () => this.#queue.isBehind && this.#isUp === true && document.visibilityState !== "hidden",
      way: () => (this.#queue.isBusy ? "refresh" : this.#isNavigating ? "navigation" : "wait"),
      onBehind: (since) => this.status.setBehind(since),
      onStale: (way) => this.#reportStale(way),
    });
    this.#queue = new RefreshQueue({
      shown,
      // A refresh while a navigation is under way would be of the page that is being left.
      canStart: () => document.visibilityState !== "hidden" && !this.#isNavigating,
      start: (step) => this.#start(step),
      onBehind: () => this.#watchdog.look(),
      onStale: (announced) => {
        this.#watchdog.report("renders");
        withReports(({ loadAnew }) => loadAnew(announced));
      },
    });
  }

  /** `<LiveRefresh>` is there. Returns its end. */
  mount(options: LiveTabOptions): () => void {
    this.#options = options;
    this.#src = new URL(options.src, location.href).href;
    const release = this.#use();
    return () => {
      if (this.#options === options) this.#options = undefined;
      release();
    };
  }

  /** Tells what is on the screen now. */
  commit({ shown, refreshCount, navigationCount }: LiveCommit): void {
    const url = location.pathname + location.search;
    const tree = shownTree();
    const isMoved = this.#url !== "" && this.#url !== url;
    const isRefresh = refreshCount !== this.#committedCount;
    const isStatic = isStaticRender(shown[0]);
    // A layout that Next keeps as static tells nothing of the page below, which is of the render that was asked for.
    const isBelow = isStatic && isRefresh && this.#step === "route";
    const isOther = isBelow || shown[0] !== this.#rendered;
    if (isMoved || isOther) settleActions();
    valuePort().floor.take();
    this.#rendered = shown[0];
    if (isOther || !isStatic) this.#route = isBelow ? [this.#renders.asked, ""] : shown;
    if (isOther) this.#commitRoute(url);
    if (isMoved) this.#moveTo(url, Boolean(tree) && tree === this.#tree);
    this.#url = url;
    this.#tree = tree;
    this.#isOfOneAddress = isOfOneAddress();
    this.#committedCount = refreshCount;
    this.#isNavigating = navigationCount !== this.navigationCount;
    // Next may have put a layout of one render around a page of an earlier one, as where the answer to a navigation is not what it expected.
    const isMixed = isOther && this.#arrivedCount > 1;
    this.#arrivedCount = 0;
    if (this.#segments.commit(isRefresh || isOther, isRefresh && this.#step === "anew") || isMixed) this.#queue.force();
    this.#update();
  }

  /** Says who looks. */
  identify(identity: string | undefined): void {
    if (identity === undefined || identity === this.#identity) return;
    if (this.#identity !== undefined) this.#forget();
    this.#identity = identity;
    this.#guard(identity);
  }

  #guard(identity: string): void {
    if (identity !== this.#identity) return;
    import("./identity-guard.ts").then(
      ({ guardIdentity }) =>
        guardIdentity(identity, () => {
          this.#forget();
          this.#queue.force();
        }),
      // The network is lost.
      () => setTimeout(() => this.#guard(identity), 5_000),
    );
  }

  /** `<LiveMarker>` is there. Returns its end. */
  markPage(shown: ShownRender): () => void {
    this.#pages.add(shown);
    this.#notePages(this.#step === "page" && this.isRefreshingHere);
    return () => {
      this.#pages.delete(shown);
      this.#notePages(false);
    };
  }

  /** Counts other renders too. Returns what is to be called when they have changed. */
  follow(others: OtherRenders): () => void {
    this.#others = others;
    return () => this.#update();
  }

  /** A navigation starts; {@link commit} names the number that this returns when it is over. */
  noteNavigation(): number {
    this.#isNavigating = true;
    return (this.navigationCount += 1);
  }

  /** Calls `retry` when there may be a good render again, and keeps the stream meanwhile. */
  onRetry(retry: () => void): () => void {
    this.#retries.add(retry);
    const release = this.#use();
    return () => {
      this.#retries.delete(retry);
      release();
    };
  }

  /** The page has failed with all of Kawa in it: from now on {@link retry} is what a refresh does. `render` is what was loaded. */
  fail(src: string, render: string): void {
    this.#src ||= new URL(src, location.href).href;
    const shown: ShownRender = this.#route[0] ? this.#route : [render, ""];
    this.commit({ shown, refreshCount: this.refreshCount, navigationCount: this.navigationCount });
  }

  retry(): void {
    for (const retry of this.#retries) retry();
  }

  /** True while the last refresh that was asked for is of what the tab shows. */
  get isRefreshingHere(): boolean {
    return this.#queue.isBusy && this.#refreshedUrl === location.href;
  }

  #use(): () => void {
    this.#userCount += 1;
    // An error boundary may be there before what tells the address.
    if (this.#src) this.#stop ??= this.#listen();
    return () => {
      this.#userCount -= 1;
      // React mounts the next user, or the same one again, right afterwards.
      setTimeout(() => {
        if (this.#userCount > 0) return;
        this.#stop?.();
        this.#stop = undefined;
      });
    };
  }

  #listen(): () => void {
    const end = new AbortController();
    const listen = (target: EventTarget, type: string, listener: (event: Event) => void): void =>
      target.addEventListener(type, listener, { signal: end.signal });
    const open = (): void => {
      this.#port = connectTab({
        src: this.#src,
        subscription: () => this.#subscription,
        onMessage: (message) => this.#receive(message),
      });
    };
    const close = (): void => {
      this.#port?.close();
      this.#port = undefined;
    };
    listen(window, "online", () => this.#port?.revive());
    // A page with a lock or a stream would not be kept for going back.
    listen(window, "pagehide", close);
    listen(window, "pageshow", (event) => (event as PageTransitionEvent).persisted && open());
    listen(document, "visibilitychange", () => {
      this.#watchdog.look();
      if (document.visibilityState === "hidden") return;
      this.#port?.announce();
      this.#port?.revive();
      this.#queue.resume();
    });
    valuePort().onWatch = () => {
      this.#told = "";
      this.#update();
    };
    const receive = (render: RouterNews): void => {
      if (render === "broken") {
        // The next refresh takes the place of what was on its way.
        this.#isNavigating = false;
        this.#committedCount = this.refreshCount;
        this.#queue.force();
        return this.#update();
      }
      if (render.isShown) this.#arrivedCount += 1;
      this.#renders.receive(render, this.#url);
      this.#update();
    };
    const stopObserving = observeReceivedRenders(receive);
    const stopListening = onRouterAnswer(receive);
    open();
    return () => {
      end.abort();
      stopObserving();
      stopListening();
      this.#queue.stop();
      this.#watchdog.stop();
      close();
    };
  }

  get #subscription(): Subscription {
    const { kept, values } = valuePort();
    if (values?.watched[maxWatched])
      import("../../browser/left-out.ts").then(
        ({ tell }) => tell(),
        () => {},
      );
    return { ...this.#shown, kept, token: this.#token, values: values?.watched };
  }

  get #shown(): Subscription {
    const { route, page } = this.#renders.subscription(this.#isOfOneAddress);
    const others = this.#others?.shown ?? [];
    if (route.length + others.length <= maxRendersPerTab) return { route: [...route, ...others], page };
    return { route: [this.#route, ["", this.#route[1]]], page };
  }

  #receive(message: OwnerMessage): void {
    const way = this.#options?.way;
    if (message.type === "up") {
      if (message.isUp) this.#isDeaf = false;
      this.status.setUp(message.isUp, message.state);
      if (message.isUp && this.#isUp === false && this.#retries.size > 0) this.#queue.force();
      this.#isUp = message.isUp;
      this.#watchdog.look();
    } else if (message.type === "change") {
      const asked = message.way === "page" ? "page" : "route";
      this.#watchdog.announce(message.versions, asked);
      if (!message.versions) this.#queue.force(message.spreadMs);
      else this.#queue.announce(message.versions, !way || way === "auto" ? asked : way, message.spreadMs);
    } else if (message.type === "expired") {
      valuePort().values?.forget();
      this.#watchdog.announce("", "route");
      this.#queue.force(message.spreadMs);
    } else if (message.type === "problem") this.#reportProblem(message.problem);
    else if (message.type === "values") void (this.#isDeaf || valuePort().values?.receive(message.rows, message.lists));
    else if (message.type === "token") this.#token = message.token;
  }

  /** The status says that the page is not live; this says why. Once, for it may be tried again for days. */
  #reportProblem(problem: string): void {
    if (problem !== this.#problem) console.warn(`[kawa] This page is not live: ${problem}.`);
    this.#problem = problem;
  }

  #forget(): void {
    this.#isDeaf = true;
    this.#port?.renew();
    valuePort().values?.forget();
  }

  #moveTo(url: string, isSameTree: boolean): void {
    // As after `history.pushState`. Where a navigation leads to the same tree, Next shows what it has, too.
    if (isSameTree) return this.#renders.rename(url);
    this.#renders.visit(url);
    this.#others?.onMove();
    // The page that had to be rendered was left. What is shown instead is compared when the stream asks for it.
    this.#queue.forget("page");
  }

  #notePages(isPageAlone: boolean): void {
    this.#renders.commitPages([...this.#pages], isPageAlone);
    this.#update();
  }

  #commitRoute(url: string): void {
    // Without a document of its own it came with a layout that was prefetched, and the page below may well be live.
    const isWhole = !isStaticRender(this.#route[0]) || (!this.#url && isOfDocument(url));
    this.#renders.commitRoute(this.#route, isWhole ? this.#url || url : undefined);
    if (!isWhole) this.#renders.visit(url);
  }

  /** Once for all effects of a commit. */
  #update(): void {
    if (this.#isUpdating) return;
    this.#isUpdating = true;
    queueMicrotask(() => {
      this.#isUpdating = false;
      if (this.#committedCount === this.refreshCount) {
        this.#renders.endRefresh(this.#url);
        if (this.#queue.isBusy) this.#watchdog.end();
        this.#queue.settle();
        this.#watchdog.look();
      }
      this.#queue.resume();
      const shown = JSON.stringify(this.#shown);
      if (shown === this.#told) return;
      this.#told = shown;
      this.#port?.announce();
    });
  }

  #start(step: RefreshStep): void {
    this.#watchdog.begin();
    this.refreshCount += 1;
    // An effect of the commit that is over may have called an action, which Next sends a microtask later.
    if (step === "page") nextTask(() => this.#refresh(this.#canNavigate ? step : "route"));
    else this.#refresh(step);
  }

  /** A navigation to the address that is shown gives up others that are on their way, and actions with what they bring. */
  get #canNavigate(): boolean {
    // Next doubles a hash.
    return (
      isNavigationReported() && !this.#isNavigating && isOfOneAddress() && location.hash === "" && !mayDiscardAction()
    );
  }

  #refresh(wanted: RefreshStep): void {
    const step = this.#segments.drop() ? wanted : "anew";
    this.#step = step;
    this.#refreshedUrl = location.href;
    if (step === "page") this.#renders.askPage();
    if (this.#options) return this.#options.refresh(step, this.refreshCount, this.#renders.ask(), this.#route[0]);
    // The root layout has failed: only its error boundary is there.
    this.retry();
    this.#committedCount = this.refreshCount;
    this.#update();
  }

  #reportStale(way: StaleWay): void {
    const path = location.pathname;
    const detail = { way, path, announced: this.#queue.announced, ...this.#shown };
    console.warn("[kawa] stale", detail);
    window.dispatchEvent(new CustomEvent("kawa:stale", { detail }));
    this.status.countStale();
    withReports(({ reportStale }) => reportStale(this.#src, { path, way }));
  }
}

/** Loaded only where something has gone wrong. */
function withReports(use: (reports: typeof Reports) => void): void {
  import("./stale-report.ts").then(use, () => {});
}

/** True when the browser has loaded its document from `url`, and Next has changed nothing of it. */
function isOfDocument(url: string): boolean {
  const [document] = performance.getEntriesByType("navigation");
  return document?.name.split("#")[0] === location.origin + url;
}

export const liveTab: LiveTab = new LiveTab();
