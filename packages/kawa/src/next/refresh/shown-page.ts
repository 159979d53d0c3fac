import { valuePort } from "../../browser/value-port.ts";
import { isStaticRender } from "../protocol/static-render.ts";
import { maxRendersPerTab, type ShownRender, type Subscription } from "../protocol/stream-protocol.ts";
import { settleActions } from "../router/router-requests.ts";
import { isOfOneAddress, shownTree } from "../router/router-tree.ts";
import { type ReceivedRender, ShownRenders } from "../router/shown-renders.ts";
import { KeptSegments } from "./kept-segments.ts";
import type { RefreshStep, ShownVersions } from "./refresh-queue.ts";

/** Renders that a tab shows beside those of its route, such as those of live fragments. */
export interface OtherRenders {
  readonly shown: readonly ShownRender[];
  /** Another page is shown. */
  onMove(): void;
}

export type CommittedPage = {
  readonly shown: ShownRender;
  /** The refresh that this commit shows first. */
  readonly refreshed: RefreshStep | undefined;
};

/** What a commit means for what has to be rendered. */
export type CommitNews = {
  /** The page that was shown before was left. */
  readonly isLeft: boolean;
  /** Next shows a part that may be older than the rest. */
  readonly isOlder: boolean;
};

/** What a tab shows, as React and Next's router tell it, and which renders that is of. */
export class ShownPage {
  readonly renders: ShownRenders = new ShownRenders();
  others: OtherRenders | undefined;
  readonly #segments = new KeptSegments();
  #route: ShownRender = ["", ""];
  /** Id of the render that the layout is of. */
  #rendered = "";
  /** Renders that the pages name themselves, in the order in which they came. */
  readonly #pages = new Set<ShownRender>();
  #url = "";
  /** What Next's router showed at the last commit. */
  #tree: string | undefined;
  /** True where all that is shown is of one address. */
  #isOfOneAddress = false;
  /** Addresses of the renders whose answers have begun since the last commit. */
  #arrived: string[] = [];

  /** The render of the whole route. */
  get route(): ShownRender {
    return this.#route;
  }

  get versions(): ShownVersions {
    return { route: this.#route[1], page: this.#isOfOneAddress ? [...this.#pages].at(-1)?.[1] : undefined };
  }

  /** What a stream has to follow. */
  get subscription(): Pick<Subscription, "route" | "page"> {
    const { route, page } = this.renders.subscription(this.#isOfOneAddress);
    const others = this.others?.shown ?? [];
    if (route.length + others.length <= maxRendersPerTab) return { route: [...route, ...others], page };
    return { route: [this.#route, ["", this.#route[1]]], page };
  }

  commit({ shown, refreshed }: CommittedPage): CommitNews {
    const url = location.pathname + location.search;
    const tree = shownTree();
    const isMoved = this.#url !== "" && this.#url !== url;
    const isStatic = isStaticRender(shown[0]);
    // A layout that Next keeps as static tells nothing of the page below, which is of the render that was asked for.
    const isBelow = isStatic && refreshed === "route";
    const isOther = isBelow || shown[0] !== this.#rendered;
    if (isMoved || isOther) settleActions();
    valuePort().rendered.take();
    this.#rendered = shown[0];
    if (isOther || !isStatic) this.#route = isBelow ? [this.renders.asked, ""] : shown;
    if (isOther) this.#commitRoute(url);
    const isOlder = this.#segments.commit(!!refreshed || isOther, refreshed === "anew");
    const isSame = tree && tree === this.#tree;
    const isLeft = isMoved && !isSame;
    if (isLeft) {
      this.renders.visit(url);
      this.others?.onMove();
    }
    // As after `history.pushState`. Where a navigation leads to the same tree, Next shows what it has, too.
    else if (isMoved) this.renders.rename(url);
    this.#url = url;
    this.#tree = tree;
    this.#isOfOneAddress = isOfOneAddress();
    // Next may have put a layout of one render around a page of an earlier one, as where the answer to a navigation is not what it expected.
    const isTwice = this.#arrived.length > (this.#isOfOneAddress ? 1 : new Set(this.#arrived).size);
    // Any refresh asks once for each address that is shown.
    const isMixed = isOther && isTwice && (!refreshed || this.#isOfOneAddress);
    this.#arrived = [];
    return { isLeft, isOlder: isOlder || isMixed };
  }

  /** A page says which render it is of. Returns what is to be called when that is gone. */
  addPage(shown: ShownRender, isPageAlone: boolean): () => void {
    this.#pages.add(shown);
    this.renders.commitPages([...this.#pages], isPageAlone);
    return () => {
      this.#pages.delete(shown);
      this.renders.commitPages([...this.#pages], false);
    };
  }

  /** The router has received the answer to a request. */
  receive(render: ReceivedRender): void {
    if (render.isShown) this.#arrived.push(render.url);
    this.renders.receive(render, this.#url);
  }

  /** A refresh is asked for. Returns how that has to be done, so that Next keeps nothing over it that is older. */
  beginRefresh(wanted: RefreshStep): RefreshStep {
    const step = this.#segments.drop() ? wanted : "anew";
    if (step === "page") this.renders.askPage();
    return step;
  }

  endRefresh(): void {
    this.renders.endRefresh(this.#url);
  }

  #commitRoute(url: string): void {
    // Without a document of its own it came with a layout that was prefetched, and the page below may well be live.
    const isWhole = !isStaticRender(this.#route[0]) || (!this.#url && isOfDocument(url));
    this.renders.commitRoute(this.#route, isWhole ? this.#url || url : undefined);
    if (!isWhole) this.renders.visit(url);
  }
}

/** True when the browser has loaded its document from `url`, and Next has changed nothing of it. */
function isOfDocument(url: string): boolean {
  const [document] = performance.getEntriesByType("navigation");
  return document?.name.split("#")[0] === location.origin + url;
}
