import { randomId } from "../../core/browser/random-id.ts";
import { maxRendersPerTab, type ShownRender, type Subscription } from "../stream-protocol.ts";

/** A render that the tab has received. */
export type ReceivedRender = {
  readonly id: string;
  /** Path and query that it was asked for. */
  readonly url: string;
  /** When it was asked for, on the clock of `performance.now()`. */
  readonly startTime: number;
};

/**
 * Which renders a tab may show. A render of the whole route replaces all that were asked for before it, also those that Next
 * keeps for going back. A navigation adds its own: it keeps the layouts of the page before, and it may show what was
 * prefetched.
 */
export class ShownRenders {
  #route: ShownRender = ["", ""];
  /** Addresses whose renders are known without news of one. */
  readonly #known = new Set<string>();
  #page: ShownRender | undefined;
  /** What was asked for before is not shown any more. */
  #since = 0;
  readonly #received = new Map<string, ReceivedRender & { isShown: boolean }>();
  /** The refresh that was started last. */
  #asked = "";
  #askedAt = 0;
  /** Addresses that the tab went to. */
  readonly #visited = new Set<string>();
  readonly #ofPage = new Set<string>();
  /** Some that were prefetched could not be kept. */
  #isOverfull = false;

  /** A render of the whole route was committed. */
  commitRoute(render: ShownRender, url: string): void {
    const [id] = render;
    // Nobody knows when the answer to an action of the app was asked for: it replaces nothing, so the tab may hear too much.
    const since = id === this.#asked ? this.#askedAt : this.#received.get(id)?.startTime;
    this.#route = render;
    this.#visited.clear();
    this.#known.clear();
    this.#known.add(url);
    this.#ofPage.clear();
    this.#isOverfull = false;
    if (since !== undefined) this.#replaceBefore(since);
  }

  /** Gives the id under which a render of the whole route is asked for now. */
  ask(): string {
    this.#askedAt = performance.now();
    return (this.#asked = randomId());
  }

  /** The page says which render it is of; `isPageAlone` when that render was of the page segment alone. */
  commitPage(render: ShownRender | undefined, isPageAlone: boolean): void {
    this.#page = render;
    if (!render || !isPageAlone) return;
    this.#ofPage.add(render[0]);
    this.#received.delete(render[0]);
  }

  /** The tab went to another address. */
  visit(url: string): void {
    this.#visited.add(url);
    for (const render of this.#received.values()) render.isShown = true;
  }

  /** Another address stands for what is shown, as after `history.pushState`. */
  rename(url: string): void {
    this.#known.add(url);
  }

  /** `url` is what the tab shows now. */
  receive(render: ReceivedRender, url: string): void {
    const { id, startTime } = render;
    if (id === this.#route[0]) return this.#replaceBefore(startTime);
    if (startTime < this.#since || this.#ofPage.has(id)) return;
    const isShown = this.#visited.has(render.url) || render.url === url;
    if (isShown || this.#received.size < maxRendersPerTab) this.#received.set(id, { ...render, isShown });
    else this.#isOverfull = true;
  }

  /** What a stream has to be told for this tab. */
  get subscription(): Subscription {
    const shown = [...this.#received.values()].filter(({ isShown }) => isShown);
    const isKnown = (url: string): boolean => this.#known.has(url) || shown.some((render) => render.url === url);
    const isOverfull = shown.length >= maxRendersPerTab || (this.#isOverfull && this.#visited.size > 0);
    const isUnknown = isOverfull || ![...this.#visited].every(isKnown);
    const others: readonly string[] = isUnknown ? [""] : shown.map(({ id }) => id);
    return { route: [this.#route, ...others.map((id): ShownRender => [id, ""])], page: this.#page };
  }

  #replaceBefore(startTime: number): void {
    this.#since = startTime;
    this.#received.delete(this.#route[0]);
    for (const [id, render] of this.#received) if (render.startTime < startTime) this.#received.delete(id);
  }
}
