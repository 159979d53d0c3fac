import type { Backend } from "../../core/backend/backend.ts";
import { show } from "../../core/errors/errors.ts";
import { backoff } from "../../core/process/backoff.ts";
import { formatVersions } from "../../core/value/version.ts";
import { findRender } from "../../react/render/foreign-renders.ts";
import type { RenderFollower, RenderReads } from "../../react/render/render-reads.ts";
import { hub } from "./hub.ts";
import { oldestOf, shownAtLeast } from "./oldest-versions.ts";
import { ShownPart, type ShownPartOptions } from "./shown-part.ts";
import { showsBackend } from "./shown-version.ts";
import type { Watch } from "./watch.ts";
import { reportSeldom } from "../limits/report-seldom.ts";
import type {
  RefreshWay,
  ShownRender,
  StreamEventName,
  StreamEvents,
  Subscription,
} from "../protocol/stream-protocol.ts";
import { issueStreamToken, readStreamToken } from "./stream-token.ts";

/** What a render reads after its end is told once for all that comes in this time. */
const tokenDelayMs = 250;

/**
 * A lost announcement is sent again: a tab that shows less than this server has for this long is told again, in milliseconds. That leaves
 * time for a render before the tab counts as stale, after 5 s. The tab may also be hidden or slow, so it is told ever more seldom.
 */
const tellAgainMs = { firstMs: 3_000, maxMs: 300_000 } as const;

/** The stream of the browser that has the tab. */
export interface TabStream {
  /** Session that opened it; empty for an anonymous one. */
  readonly subject: string;
  /** True under backpressure. */
  readonly needsDrain: boolean;
  send<N extends StreamEventName>(name: N, data: StreamEvents[N]): void;
  /** Counts keys that the tab follows. False where there is no room for them. */
  takeReads(count: number): boolean;
  giveBackReads(count: number): void;
  noteChange(tab: FollowedTab, way: RefreshWay): void;
}

/** Whether a tab shows the newest versions, as far as the server knows. */
type Freshness =
  | { readonly name: "unknown" }
  /** `changeCount` is that of the hub when this was found. */
  | { readonly name: "current"; changeCount: number }
  /** `tellAt` is on the clock of `performance.now()`. */
  | { readonly name: "behind"; readonly tellAt: number; readonly toldCount: number };

const unknown: Freshness = { name: "unknown" };

/**
 * Follows what one tab shows. There are thousands of them, so it keeps nothing that it does not need. Every second it looks whether the tab
 * shows the newest versions:
 *
 *     unknown ──▶ current ◀─────▶ behind ── 3 s, 6 s, 12 s, … ─▶ told again
 */
export class FollowedTab implements RenderFollower {
  readonly #stream: TabStream;
  readonly name: string;
  /** While the tab shows one render of its route and nothing that this server does not know; then another one may take its place. */
  #shown: { readonly route: ShownRender; readonly page: ShownRender | undefined } | undefined;
  #watches: Watch[] = [];
  /** Renders that this server knows, or was told of. */
  #known: readonly RenderReads[] = [];
  #readCount = 0;
  #timer: NodeJS.Timeout | undefined;
  #isTokenDue = false;
  /** A change that no version of the tab tells: it has to be rendered whatever it shows. */
  #isUntold = false;
  #freshness: Freshness = unknown;
  /** True once the tab was told of a change of what it shows now. */
  #wasTold = false;

  constructor(stream: TabStream, name: string) {
    this.#stream = stream;
    this.name = name;
  }

  /** Follows what the tab shows. Returns what prevents that: renders that this server does not know, or a token of another session. */
  follow({ route, page, token }: Subscription): "unknown" | "of another" | undefined {
    this.#wasTold = false;
    this.#freshness = unknown;
    const told = readStreamToken(this.#stream.subject, token);
    if (told.isOfAnother) return "of another";
    const find = (id: string): RenderReads | undefined => findRender(id) ?? told.renders.get(id);
    const known = new Map<string, RenderReads>();
    // A render that is named twice is followed once.
    const byId = new Map<string, ShownRender>();
    for (const one of route) {
      byId.set(one[0], one);
      const render = find(one[0]);
      if (render) known.set(one[0], render);
    }
    const shown = [...byId.values()];
    const own = page && find(page[0]);
    const isUnknown =
      shown.some(([id]) => id !== "" && !known.has(id)) || (page !== undefined && page[0] !== "" && !own);
    this.#known = own ? [...new Set([...known.values(), own])] : [...known.values()];
    const isFollowed = this.#takeReads();
    const unfollowed = isFollowed ? shown.filter(([id]) => !known.get(id)) : shown;
    // What a page shows by itself need not be rendered with the whole route. Of a render that was received, and maybe prefetched, a layout
    // may be shown that the page's render has read as well: it says no versions.
    if (isFollowed) {
      const followed = shown.filter(([id]) => known.get(id));
      this.#watches = followed.map(([id, versions]) => {
        const render = known.get(id);
        return this.#watch("route", { render, except: versions || render === own ? own : undefined, versions });
      });
    }
    // Unknown renders may show anything: one watch hears of every change for all of them.
    if (unfollowed.length > 0) {
      const versions = formatVersions(oldestOf(unfollowed.map((one) => shownAtLeast(one, known.get(one[0])))));
      this.#watches.push(this.#watch("route", { render: undefined, except: undefined, versions }));
    }
    if (page && isFollowed)
      this.#watches.push(this.#watch("page", { render: own, except: undefined, versions: page[1] }));
    this.#shown =
      shown.length === 1 && !isUnknown && isFollowed && known.get(shown[0]![0])
        ? { route: shown[0]!, page }
        : undefined;
    for (const render of this.#known) render.follow(this);
    if (this.#known.length > 0) this.#tellReads();
    return isUnknown ? "unknown" : undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const watch of this.#watches) watch.stop();
    for (const render of this.#known) render.unfollow(this);
    this.#stream.giveBackReads(this.#readCount);
    this.#readCount = 0;
    this.#watches = [];
    this.#known = [];
  }

  onRead(): void {
    // What a render reads while it grows is in no token.
    if (this.#known.some(({ isGrowing }) => !isGrowing)) this.#tellSoon(tokenDelayMs);
  }

  onGrowth(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Renders end together, such as those of the fragments of a page.
    this.#tellSoon(0);
  }

  #tellSoon(delayMs: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tellReads();
    }, delayMs);
  }

  /** The browser has drained what was buffered. */
  onDrain(): void {
    if (this.#isTokenDue) this.#tellReads();
  }

  /** Goes on with a render that depends on all that the tab depends on now; else the browser opens a new stream. */
  onReplaced(next: RenderReads): void {
    const { route, page } = this.#shown ?? {};
    if (!route || !this.#known.every((render) => next.covers(render)) || this.#stream.needsDrain) return;
    const to: ShownRender = [next.id, next.shownText ?? ""];
    this.stop();
    this.#stream.send("renewed", { from: page ? [route, page] : [route], to });
    this.follow({ route: [to], page: page && to });
  }

  /**
   * Called every second. Sends an announcement again to a tab that has shown less than this server has for too long, whatever the reason.
   */
  tick(now: number): void {
    const all = hub();
    const { changeCount } = all;
    const before = this.#freshness;
    if (before.name === "current" && before.changeCount === changeCount) return;
    if (!this.#watches.some(({ target }) => all.behind(target))) {
      if (before.name === "current") before.changeCount = changeCount;
      else this.#freshness = { name: "current", changeCount };
    } else if (before.name !== "behind") this.#freshness = behindSince(now, 0);
    else if (now >= before.tellAt) this.#tellAgain(now, before.toldCount + 1);
  }

  #tellAgain(now: number, toldCount: number): void {
    const wasTold = this.#wasTold;
    this.#freshness = behindSince(now, toldCount);
    for (const { target } of this.#watches) {
      const behind = hub().behind(target);
      if (!behind) continue;
      if (behind.backend && !wasTold)
        reportSeldom("untold", "A tab was not told of a change, and is told now.", show(this.name));
      target.onChange(behind.backend);
    }
  }

  noteChange(way: RefreshWay, backend: Backend | undefined): void {
    this.#wasTold = true;
    if (!backend || !this.#reads(backend) || this.#known.some(({ isOlder }) => isOlder)) this.#isUntold = true;
    this.#stream.noteChange(this, way);
  }

  /** Versions that the tab has to show from now on, of the backends that it reads. Empty when it has to be rendered whatever it shows. */
  takeVersions(): string {
    if (this.#isUntold) {
      this.#isUntold = false;
      return "";
    }
    return hub().formatVersions(this.#watches.map(({ target }) => target));
  }

  /** True where something that the tab shows may be of this backend. */
  mayShow(backend: Backend): boolean {
    return this.#watches.some(({ target }) => target.render === undefined || showsBackend(target, backend));
  }

  #reads(backend: Backend): boolean {
    return this.#watches.some(({ target }) => showsBackend(target, backend));
  }

  #watch(way: RefreshWay, shown: ShownPartOptions): Watch {
    return hub().watch(new ShownPart(this, way, shown));
  }

  /** False where there is no room to follow what the renders have read: then the tab hears of everything. */
  #takeReads(): boolean {
    const count = this.#known.reduce((sum, { keyCount }) => sum + keyCount, 0);
    if (!this.#stream.takeReads(count)) return false;
    this.#readCount = count;
    return true;
  }

  /** Tells the browser what its renders have read, for the next server that it meets. */
  #tellReads(): void {
    this.#isTokenDue = this.#stream.needsDrain;
    if (this.#isTokenDue) return;
    const token = issueStreamToken(this.#stream.subject, this.#known);
    if (token !== undefined) this.#stream.send("token", { tab: this.name, token });
  }
}

function behindSince(now: number, toldCount: number): Freshness {
  return { name: "behind", tellAt: now + backoff(tellAgainMs, toldCount + 1), toldCount };
}
