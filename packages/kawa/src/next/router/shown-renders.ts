import { randomId } from "../../browser/random-id.ts";
import { isStaticRender } from "../protocol/static-render.ts";
import { maxRendersPerTab, type ShownRender, type Subscription } from "../protocol/stream-protocol.ts";

/** A render that the tab has received. */
export type ReceivedRender = {
  /** Empty where the answer did not name it. */
  readonly id: string;
  /** Path and query of what was rendered. */
  readonly url: string;
  /** When it was asked for, on the clock of `performance.now()`. */
  readonly startTime: number;
  /** False for what was prefetched: it is shown once the tab goes there. */
  readonly isShown: boolean;
};

/**
 * Which renders a tab may show. A render of the whole route replaces all that were asked for before it, also those that Next
 * keeps for going back; {@link KeptSegments} watches over that. A navigation adds its own: it keeps the layouts of the page before, and
 * it may show what was prefetched. A slot may show another address than the page, and is rendered by a request of its own.
 */
export class ShownRenders {
  #route: ShownRender = ["", ""];
  /** Addresses whose renders are known without news of one. */
  readonly #known = new Set<string>();
  /** Renders that the pages name themselves, in the order in which they came. */
  #pages: readonly ShownRender[] = [];
  /** Renders of the page segment that is asked for, until it is shown; undefined while none is. */
  #ofRefresh: ReceivedRender[] | undefined;
  /** Renders that were asked for before this time are not shown any more. */
  #since = 0;
  readonly #received = new Map<string, ReceivedRender>();
  /** The refresh that was started last. */
  asked = "";
  #askedAt = 0;
  /** Addresses that the tab went to. */
  readonly #visited = new Set<string>();
  readonly #ofPage = new Set<string>();
  /** Some prefetched renders have no id, or there was no room for them. */
  #isOverfull = false;

  /** A render of the whole route was committed: of everything at `url`, undefined where that is not sure. */
  commitRoute(render: ShownRender, url: string | undefined): void {
    // When the render in the answer to an action was asked for is not known, so it replaces no other: at worst the tab hears of too many
    // changes.
    const since = render[0] === this.asked ? this.#askedAt : this.#received.get(render[0])?.startTime;
    this.#route = render;
    this.#visited.clear();
    this.#known.clear();
    if (url !== undefined) this.#known.add(url);
    this.#ofPage.clear();
    this.#isOverfull = url === undefined;
    if (since !== undefined) this.#replaceBefore(since);
  }

  /** Gives the id under which a render of the whole route is asked for now. */
  ask(): string {
    this.#askedAt = performance.now();
    return (this.asked = randomId());
  }

  /** The pages say which renders they are of; `isPageAlone` when the last one is new, and of the page segment alone. */
  commitPages(pages: readonly ShownRender[], isPageAlone: boolean): void {
    this.#pages = pages;
    const id = pages.at(-1)?.[0];
    if (!id || !isPageAlone) return;
    this.#ofPage.add(id);
    this.#received.delete(id);
  }

  /** The page segment alone is asked for. */
  askPage(): void {
    this.#ofRefresh = [];
  }

  /** The refresh has ended. */
  endRefresh(url: string): void {
    const renders = this.#ofRefresh ?? [];
    this.#ofRefresh = undefined;
    // A page that names its own render need not be known by its request.
    for (const render of renders) if (render.id || this.#pages.length === 0) this.receive(render, url);
  }

  /** The tab went to another address. */
  visit(url: string): void {
    this.#visited.add(url);
    for (const [id, render] of this.#received) this.#received.set(id, { ...render, isShown: true });
  }

  /** Another address stands for what is shown, as after `history.pushState`. */
  rename(url: string): void {
    this.#known.add(url);
  }

  /** `url` is what the tab shows now. */
  receive(render: ReceivedRender, url: string): void {
    const { id, startTime } = render;
    if (id && id === this.#route[0]) return this.#replaceBefore(startTime);
    if (startTime < this.#since || this.#ofPage.has(id)) return;
    const isShown = render.isShown || this.#visited.has(render.url) || Boolean(this.#received.get(id)?.isShown);
    if (isShown && render.url === url && this.#ofRefresh) this.#ofRefresh.push(render);
    else if (isShown || (id && this.#received.size < maxRendersPerTab)) this.#received.set(id, { ...render, isShown });
    else this.#isOverfull = true;
  }

  /** What a stream has to be told for this tab; `isOfOneAddress` where a refresh of the page segment alone shows all pages anew. */
  subscription(isOfOneAddress: boolean): Subscription {
    const page = isOfOneAddress ? this.#pages.at(-1) : undefined;
    const shown = [...this.#received.values()].filter(({ isShown }) => isShown);
    const isKnown = (url: string): boolean => this.#known.has(url) || shown.some((render) => render.url === url);
    const isOverfull = shown.length >= maxRendersPerTab || (this.#isOverfull && this.#visited.size > 0);
    // An empty id stands for the shown renders that have no name.
    const isUnknown = isOverfull || ![...this.#visited].every(isKnown);
    const others = (isUnknown ? [{ id: "" }] : shown).map(({ id }): ShownRender => [id, ""]);
    const own = isStaticRender(this.#route[0]) ? [] : [this.#route];
    const route = new Map([...own, ...this.#pages.filter(([id]) => id !== page?.[0]), ...others].reverse());
    return { route: [...route].reverse(), page };
  }

  #replaceBefore(startTime: number): void {
    this.#since = startTime;
    this.#received.delete(this.#route[0]);
    for (const [id, render] of this.#received) if (render.startTime < startTime) this.#received.delete(id);
  }
}
