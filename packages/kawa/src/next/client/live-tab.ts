import { valuePort } from "../../core/browser/value-port.ts";
import { maxRendersPerTab, type ShownRender, type Subscription } from "../stream-protocol.ts";
import type { HostMessage } from "./live-host.ts";
import { type LivePort, openLivePort } from "./live-port.ts";
import { LiveStatusStore } from "./live-status.ts";
import { isNavigationReported } from "./navigation-start.ts";
import { observeReceivedRenders } from "./received-renders.ts";
import { RefreshQueue, type RefreshStep, type RefreshWay } from "./refresh-queue.ts";
import { ShownRenders } from "./shown-renders.ts";

export type LiveRefreshWay = "auto" | RefreshWay;

export type LiveTabOptions = {
  src: string;
  way: LiveRefreshWay;
  /** Asks Next for a render, with the id `next` in place of `shown`; {@link LiveTab.commit} names `refreshCount` when it is there. */
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
  readonly #retries = new Set<() => void>();
  readonly #queue: RefreshQueue;
  #options: LiveTabOptions | undefined;
  #others: OtherRenders | undefined;
  #src = "";
  #port: LivePort | undefined;
  #token: string | undefined;
  #userCount = 0;
  #stop: (() => void) | undefined;

  #route: ShownRender = ["", ""];
  #page: ShownRender | undefined;
  #url = "";
  #told = "";
  #isUp: boolean | undefined;
  #isUpdating = false;

  #identity: string | undefined;
  /** A stream may still bring what the visitor before was allowed to see. */
  #isDeaf = false;

  #refreshedUrl = "";
  #step: RefreshStep | undefined;
  #committedCount = 0;
  #committedNavigation = 0;
  #isNavigating = false;

  constructor() {
    this.#queue = new RefreshQueue({
      shown: () => ({ route: this.#route[1], page: this.#page?.[1] }),
      // A refresh while a navigation is under way would be of the page that is being left.
      canStart: () => document.visibilityState !== "hidden" && !this.#isNavigating,
      start: (step) => this.#start(step),
      onBehind: () => this.#tellStatus(),
      onStale: (announced) => this.#reportStale(announced),
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
    if (shown[0] !== this.#route[0]) this.#renders.commitRoute(shown, this.#url || url);
    this.#route = shown;
    if (this.#url && this.#url !== url) this.#moveTo(url, navigationCount);
    this.#url = url;
    this.#committedCount = refreshCount;
    this.#committedNavigation = navigationCount;
    this.#isNavigating = navigationCount !== this.navigationCount;
    this.#update();
  }

  /** Says who looks. */
  identify(identity: string | undefined): void {
    if (identity === undefined || identity === this.#identity) return;
    if (this.#identity !== undefined) this.#forget();
    this.#identity = identity;
    void import("./identity-guard.ts").then(({ guardIdentity }) =>
      guardIdentity(identity, () => {
        this.#forget();
        this.#queue.force();
      }),
    );
  }

  /** `<LiveMarker>` is there. Returns its end. */
  markPage(shown: ShownRender): () => void {
    this.#setPage(shown);
    return () => {
      if (this.#page === shown) this.#setPage(undefined);
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
    this.navigationCount += 1;
    return this.navigationCount;
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

  retry(): void {
    for (const retry of this.#retries) retry();
  }

  /** True while the last refresh that was asked for is of what the tab shows. */
  get isRefreshingHere(): boolean {
    return this.#queue.isBusy && this.#refreshedUrl === location.href;
  }

  #use(): () => void {
    this.#userCount += 1;
    this.#stop ??= this.#listen();
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
      this.#port = openLivePort({
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
      this.#tellStatus();
      if (document.visibilityState === "hidden") return;
      this.#port?.announce();
      this.#port?.revive();
      this.#queue.resume();
    });
    valuePort().onWatch = () => {
      this.#told = "";
      this.#update();
    };
    const stopObserving = observeReceivedRenders((render) => {
      this.#renders.receive(render, location.pathname + location.search);
      this.#update();
    });
    open();
    return () => {
      end.abort();
      stopObserving();
      this.#queue.stop();
      close();
    };
  }

  get #subscription(): Subscription {
    return {
      ...this.#shown,
      kept: valuePort().kept,
      token: this.#token,
      values: valuePort().values?.watched,
    };
  }

  get #shown(): Subscription {
    const { route, page } = this.#renders.subscription;
    const others = this.#others?.shown ?? [];
    if (route.length + others.length <= maxRendersPerTab) return { route: [...route, ...others], page };
    return { route: [this.#route, ["", this.#route[1]]], page };
  }

  #receive(message: HostMessage): void {
    const way = this.#options?.way;
    if (message.type === "up") {
      if (message.isUp) this.#isDeaf = false;
      this.status.setUp(message.isUp, message.state);
      if (message.isUp && this.#isUp === false && this.#retries.size > 0) this.#queue.force();
      this.#isUp = message.isUp;
    } else if (message.type === "change") {
      const asked = message.way === "page" ? "page" : "route";
      if (!message.versions) this.#queue.force(message.spreadMs);
      else this.#queue.announce(message.versions, !way || way === "auto" ? asked : way, message.spreadMs);
    } else if (message.type === "expired") {
      valuePort().values?.forget();
      this.#queue.force(message.spreadMs);
    } else if (message.type === "values") void (this.#isDeaf || valuePort().values?.receive(message.rows));
    else this.#token = message.token;
  }

  #forget(): void {
    this.#isDeaf = true;
    this.#port?.renew();
    valuePort().values?.forget();
  }

  #moveTo(url: string, navigationCount: number): void {
    if (isNavigationReported() && navigationCount === this.#committedNavigation) return this.#renders.rename(url);
    this.#renders.visit(url);
    this.#others?.onMove();
    // The page that had to be rendered was left. What is shown instead is compared when the stream asks for it.
    this.#queue.forget("page");
  }

  #setPage(shown: ShownRender | undefined): void {
    this.#page = shown;
    this.#renders.commitPage(shown, this.#step === "page" && this.isRefreshingHere);
    this.#update();
  }

  /** Once for all effects of a commit. */
  #update(): void {
    if (this.#isUpdating) return;
    this.#isUpdating = true;
    queueMicrotask(() => {
      this.#isUpdating = false;
      if (this.#committedCount === this.refreshCount) this.#queue.settle();
      this.#queue.resume();
      const shown = JSON.stringify(this.#shown);
      if (shown === this.#told) return;
      this.#told = shown;
      this.#port?.announce();
    });
  }

  #start(step: RefreshStep): void {
    this.#step = step;
    this.refreshCount += 1;
    this.#refreshedUrl = location.href;
    if (this.#options) return this.#options.refresh(step, this.refreshCount, this.#renders.ask(), this.#route[0]);
    // The root layout has failed: only its error boundary is there.
    this.retry();
    this.#committedCount = this.refreshCount;
    this.#update();
  }

  #tellStatus(): void {
    this.status.setBehind(this.#queue.isBehind && document.visibilityState !== "hidden");
  }

  #reportStale(announced: string): void {
    const detail = { announced, ...this.#shown };
    console.warn("[kawa] stale", detail);
    window.dispatchEvent(new CustomEvent("kawa:stale", { detail }));
    this.status.countStale();
  }
}

export const liveTab: LiveTab = new LiveTab();
