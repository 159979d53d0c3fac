import type { Backend } from "../../core/backend/backend.ts";
import { show } from "../../core/errors/errors.ts";
import { formatVersions, parseVersions, type ShownVersions, toShownVersions } from "../../core/value/version.ts";
import { findRender } from "../../react/render/foreign-renders.ts";
import type { RenderFollower, RenderReads } from "../../react/render/render-reads.ts";
import { hub, showsBackend, type Watch, type WatchTarget } from "./hub.ts";
import { reportSeldom } from "../limits/report-seldom.ts";
import type {
  RefreshWay,
  ShownRender,
  StreamEventName,
  StreamEvents,
  Subscription,
} from "../protocol/stream-protocol.ts";
import { issueStreamToken, readStreamToken } from "./stream-token.ts";

/** A render that streams reads more and more: what it has read is told once for all that comes in this time. */
const tokenDelayMs = 250;

/**
 * A tab that shows less than there is for this long is told again, in milliseconds: nothing was said, or it got lost. Then there is time for
 * a render before 5 s are over. It may also be hidden, or slow, so it is told ever more seldom.
 */
const tellAgainMs = { first: 3_000, max: 300_000 } as const;

/** What has to be rendered again. */

/** The stream of the browser that has the tab. */
export interface TabStream {
  /** Whose stream it is; empty for nobody's in particular. */
  readonly subject: string;
  /** False while the browser does not read. */
  readonly isRead: boolean;
  send<N extends StreamEventName>(name: N, data: StreamEvents[N]): void;
  /** Counts keys that the tab follows. False where there is no room for them. */
  takeReads(count: number): boolean;
  giveBackReads(count: number): void;
  noteChange(tab: FollowedTab, what: RefreshWay): void;
}

/** Follows what one tab shows. There are thousands of them, so it keeps nothing that it does not need. */
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
  /** Something has changed that the versions of the tab do not tell: it has to be rendered whatever it shows. */
  #isUntold = false;
  /** Of the hub, when the tab was last found to be current. */
  #currentAt = -1;
  /** When it is told again, on the clock of `performance.now()`; 0 while it is current. */
  #tellAgainAt = 0;
  #tellAgainMs = 0;
  /** Since it shows what it shows. */
  #wasTold = false;

  constructor(stream: TabStream, name: string) {
    this.#stream = stream;
    this.name = name;
  }

  /** Returns what is in the way: renders that nobody here knows, or a token that was told to somebody else. */
  follow({ route, page, token }: Subscription): "unknown" | "of another" | undefined {
    this.#wasTold = false;
    this.#currentAt = -1;
    this.#tellAgainAt = 0;
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
    // What a page shows by itself need not be rendered with the whole route.
    if (isFollowed) {
      const followed = shown.filter(([id]) => known.get(id));
      this.#watches = followed.map((one) =>
        this.#watch("route", { render: known.get(one[0]), except: own, versions: one[1] }),
      );
    }
    // Each of them may show anything, so one hears of everything for all.
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
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tellReads();
    }, tokenDelayMs);
  }

  /** The browser reads again. */
  onDrain(): void {
    if (this.#isTokenDue) this.#tellReads();
  }

  /** Goes on with a render that depends on all that the tab depends on now; else the browser opens a new stream. */
  onReplaced(next: RenderReads): void {
    const { route, page } = this.#shown ?? {};
    if (!route || !this.#known.every((render) => next.covers(render)) || !this.#stream.isRead) return;
    const to: ShownRender = [next.id, next.shownText ?? ""];
    this.stop();
    this.#stream.send("renewed", { from: page ? [route, page] : [route], to });
    this.follow({ route: [to], page: page && to });
  }

  /** Called every second. Tells the tab again when it has shown less than there is for too long, whatever the reason. */
  tick(now: number): void {
    const all = hub();
    const { changeCount } = all;
    if (this.#currentAt === changeCount) return;
    const isBehind = this.#watches.some(({ target }) => all.behind(target));
    if (!isBehind) {
      this.#currentAt = changeCount;
      this.#tellAgainAt = 0;
    } else if (this.#tellAgainAt === 0) {
      this.#tellAgainMs = tellAgainMs.first;
      this.#tellAgainAt = now + this.#tellAgainMs;
    } else if (now >= this.#tellAgainAt) {
      if (!this.#wasTold) reportSeldom("untold", "A tab was not told of a change, and is told now.", show(this.name));
      this.#tellAgainMs = Math.min(2 * this.#tellAgainMs, tellAgainMs.max);
      this.#tellAgainAt = now + this.#tellAgainMs;
      for (const { target } of this.#watches) {
        const backend = all.behind(target);
        if (backend) target.onChange(backend);
      }
    }
  }

  noteChange(what: RefreshWay, backend: Backend): void {
    this.#wasTold = true;
    if (!this.#reads(backend) || this.#known.some(({ isOlder }) => isOlder)) this.#isUntold = true;
    this.#stream.noteChange(this, what);
  }

  /** What the tab has to show from now on: of the backends that it reads, and no others. Empty when it is not to be told. */
  takeVersions(): string {
    if (this.#isUntold) {
      this.#isUntold = false;
      return "";
    }
    return hub().formatVersions((backend) => this.#reads(backend));
  }

  /** True where something that the tab shows may be of this backend. */
  mayShow(backend: Backend): boolean {
    return this.#watches.some(({ target }) => target.render === undefined || showsBackend(target, backend));
  }

  #reads(backend: Backend): boolean {
    return this.#watches.some(({ target }) => showsBackend(target, backend));
  }

  #watch(what: RefreshWay, shown: Shown): Watch {
    return hub().watch(new ShownPart(this, what, shown));
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
    this.#isTokenDue = !this.#stream.isRead;
    if (this.#isTokenDue) return;
    const token = issueStreamToken(this.#stream.subject, this.#known);
    if (token !== undefined) this.#stream.send("token", { tab: this.name, token });
  }
}

/** Versions that a render shows. What one that is known does not name it has not read. */
function shownAtLeast([, versions]: ShownRender, render: RenderReads | undefined): ShownVersions {
  return render ? { ...hub().versions, ...toShownVersions(render.versions.values()) } : parseVersions(versions);
}

/** Of each history that all name the oldest version. What not all name is of unknown age. */
function oldestOf([first = {}, ...others]: readonly ShownVersions[]): ShownVersions {
  const oldest = new Map(Object.entries(first));
  for (const other of others) {
    for (const [epoch, seq] of oldest) {
      const own = other[epoch];
      if (own === undefined) oldest.delete(epoch);
      else oldest.set(epoch, Math.min(own, seq));
    }
  }
  return Object.fromEntries(oldest);
}

type Shown = {
  readonly render: RenderReads | undefined;
  readonly except: RenderReads | undefined;
  readonly versions: string;
};

class ShownPart implements WatchTarget {
  readonly render: RenderReads | undefined;
  readonly except: RenderReads | undefined;
  readonly #versions: string;
  readonly #tab: FollowedTab;
  readonly #what: RefreshWay;

  constructor(tab: FollowedTab, what: RefreshWay, { render, except, versions }: Shown) {
    this.#tab = tab;
    this.#what = what;
    this.render = render;
    this.except = except;
    // A render that is known says itself which versions it shows.
    this.#versions = render && render.versions.size > 0 ? "" : versions;
  }

  get versions(): ShownVersions {
    return parseVersions(this.#versions);
  }

  onChange(backend: Backend): void {
    this.#tab.noteChange(this.#what, backend);
  }
}
