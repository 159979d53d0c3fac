import { valuePort } from "../../browser/value-port.ts";
import { maxWatched } from "../../browser/value-protocol.ts";
import type { Subscription } from "../protocol/stream-protocol.ts";
import { onRouterAnswer, type RouterNews } from "../router/router-requests.ts";
import { connectTab, type TabPort } from "../shared-stream/connect-tab.ts";
import type { OwnerMessage } from "../shared-stream/owner-protocol.ts";
import { observeReceivedRenders } from "./received-renders.ts";

/** Messages that say what has to be rendered, or whether there is a stream. */
export type TabNews = Extract<OwnerMessage, { type: "up" | "change" | "expired" }>;

export type TabStreamOptions = {
  readonly shown: () => Pick<Subscription, "route" | "page">;
  readonly onNews: (message: TabNews) => void;
  readonly onRender: (render: RouterNews) => void;
  /** Client components show other keys than before. */
  readonly onWatch: () => void;
  /** The tab was hidden, or is shown again. */
  readonly onVisibility: () => void;
  /** The last use has ended. */
  readonly onStop: () => void;
};

/** One tab's part in the browser's stream, for as long as something on the page uses it: what the tab tells it, and what it hears. */
export class TabStream {
  /** Address of the route; empty before `<LiveRefresh>` has told it. */
  src = "";
  readonly #options: TabStreamOptions;
  #port: TabPort | undefined;
  #token: string | undefined;
  #problem = "";
  #told = "";
  /** True where the stream may still bring what the visitor before was allowed to see. */
  #isDeaf = false;
  #userCount = 0;
  #stop: (() => void) | undefined;

  constructor(options: TabStreamOptions) {
    this.#options = options;
  }

  /** Returns the end of this use. */
  use(): () => void {
    this.#userCount += 1;
    // An error boundary may be there before what tells the address.
    if (this.src) this.#stop ??= this.#listen();
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

  /** Tells it what the tab shows, if that is not what was told last. */
  tell(): void {
    const shown = JSON.stringify(this.#options.shown());
    if (shown === this.#told) return;
    this.#told = shown;
    this.#port?.announce();
  }

  /** Another visitor looks from now on. */
  renew(): void {
    this.#isDeaf = true;
    this.#port?.renew();
    valuePort().values?.forget();
  }

  #listen(): () => void {
    const end = new AbortController();
    const listen = (target: EventTarget, type: string, listener: (event: Event) => void): void =>
      target.addEventListener(type, listener, { signal: end.signal });
    const open = (): void => {
      this.#port = connectTab({
        src: this.src,
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
      if (document.visibilityState !== "hidden") {
        this.#port?.announce();
        this.#port?.revive();
      }
      this.#options.onVisibility();
    });
    valuePort().onWatch = () => {
      this.#told = "";
      this.#options.onWatch();
    };
    const stopObserving = observeReceivedRenders(this.#options.onRender);
    const stopListening = onRouterAnswer(this.#options.onRender);
    open();
    return () => {
      end.abort();
      stopObserving();
      stopListening();
      this.#options.onStop();
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
    return { ...this.#options.shown(), kept, token: this.#token, values: values?.watched };
  }

  #receive(message: OwnerMessage): void {
    if (message.type === "problem") this.#reportProblem(message.problem);
    else if (message.type === "values") void (this.#isDeaf || valuePort().values?.receive(message.rows, message.lists));
    else if (message.type === "token") this.#token = message.token;
    else if (message.type !== "here") {
      if (message.type === "up" && message.isUp) this.#isDeaf = false;
      this.#options.onNews(message);
    }
  }

  /** The status says that the page is not live; this says why. Once, for it may be tried again for days. */
  #reportProblem(problem: string): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    if (process.env.NODE_ENV === "development" && /404|else/.test(problem))
      import("../router/dev-notices.ts").then(
        ({ tellMissingRoute }) => tellMissingRoute(problem),
        () => {},
      );
    else console.warn(`[kawa] This page is not live: ${problem}.`);
  }
}
