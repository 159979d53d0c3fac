import type { Backend } from "../core/backend.ts";
import { formatVersions, parseVersions, type ShownVersions, toShownVersions } from "../core/version.ts";
import { knownRenders } from "../react/known-renders.ts";
import type { RenderFollower, RenderReads } from "../react/render-reads.ts";
import { hub, showsBackend, type Watch, type WatchTarget } from "./hub.ts";
import type { ShownRender, StreamEventName, StreamEvents, Subscription } from "./stream-protocol.ts";
import { issueStreamToken, readStreamToken } from "./stream-token.ts";

/** A render that streams reads more and more: what it has read is told once for all that comes in this time. */
const tokenDelayMs = 250;

/** What has to be rendered again. */
export type ChangedPart = "page" | "route";

/** The stream of the browser that has the tab. */
export interface TabStream {
  /** Whose stream it is; empty for nobody's in particular. */
  readonly subject: string;
  /** False while the browser does not read. */
  readonly isRead: boolean;
  send<N extends StreamEventName>(name: N, data: StreamEvents[N]): void;
  noteChange(tab: FollowedTab, what: ChangedPart): void;
}

/** Follows what one tab shows. There are thousands of them, so it keeps nothing that it does not need. */
export class FollowedTab implements RenderFollower {
  readonly #stream: TabStream;
  readonly name: string;
  #route: readonly ShownRender[] = [];
  #page: ShownRender | undefined;
  #watches: Watch[] = [];
  /** Renders that this server knows, or was told of. */
  #known: readonly RenderReads[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Something has changed that the versions of the tab do not tell: it has to be rendered whatever it shows. */
  #isUntold = false;

  constructor(stream: TabStream, name: string) {
    this.#stream = stream;
    this.name = name;
  }

  /** Returns what is in the way: renders that nobody here knows, or a token that was told to somebody else. */
  follow({ route, page, token }: Subscription): "unknown" | "of another" | undefined {
    const told = readStreamToken(this.#stream.subject, token);
    if (told.isOfAnother) return "of another";
    const find = ([id]: ShownRender): RenderReads | undefined => knownRenders().get(id) ?? told.renders.get(id);
    const own = page && find(page);
    this.#route = route;
    this.#page = page;
    // What a page shows by itself need not be rendered with the whole route.
    this.#watches = route.map((shown) => this.#watch("route", shown, find(shown), own));
    if (page) this.#watches.push(this.#watch("page", page, own));
    this.#known = Array.from(new Set(this.#watches.flatMap(({ target: { render } }) => render ?? [])));
    for (const render of this.#known) render.follow(this);
    if (this.#known.length > 0) this.#tellReads();
    return this.#shown.some(([id], at) => id !== "" && !this.#watches[at]!.target.render) ? "unknown" : undefined;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const watch of this.#watches) watch.stop();
    for (const render of this.#known) render.unfollow(this);
    this.#watches = [];
    this.#known = [];
  }

  onRead(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#tellReads();
    }, tokenDelayMs);
  }

  /** Goes on with a render that depends on all that the tab depends on now; else the browser opens a new stream. */
  onReplaced(next: RenderReads): void {
    const isAll = this.#route.length === 1 && this.#watches.every(({ target: { render } }) => render && next.covers(render));
    if (!isAll || !this.#stream.isRead) return;
    const from = this.#shown;
    const to: ShownRender = [next.id, next.shownText ?? ""];
    this.stop();
    this.#stream.send("renewed", { from, to });
    this.follow({ route: [to], page: this.#page && to });
  }

  noteChange(what: ChangedPart, backend: Backend): void {
    if (!this.#reads(backend)) this.#isUntold = true;
    this.#stream.noteChange(this, what);
  }

  /** What the tab has to show from now on: of the backends that it reads, and no others. Empty when it is not to be told. */
  takeVersions(): string {
    const isUntold = this.#isUntold;
    this.#isUntold = false;
    const read = hub().connected.filter((backend) => this.#reads(backend));
    return isUntold ? "" : formatVersions(toShownVersions(read.map(({ version }) => version)));
  }

  #reads(backend: Backend): boolean {
    return this.#watches.some(({ target }) => showsBackend(target, backend));
  }

  get #shown(): readonly ShownRender[] {
    return this.#page ? [...this.#route, this.#page] : this.#route;
  }

  #watch(what: ChangedPart, shown: ShownRender, render: RenderReads | undefined, except?: RenderReads): Watch {
    return hub().watch(new ShownPart(this, what, { render, except, versions: shown[1] }));
  }

  /** Tells the browser what its renders have read, for the next server that it meets. */
  #tellReads(): void {
    const token = issueStreamToken(this.#stream.subject, this.#known);
    if (token !== undefined) this.#stream.send("token", { tab: this.name, token });
  }
}

type Shown = { readonly render: RenderReads | undefined; readonly except: RenderReads | undefined; readonly versions: string };

class ShownPart implements WatchTarget {
  readonly render: RenderReads | undefined;
  readonly except: RenderReads | undefined;
  readonly #versions: string;
  readonly #tab: FollowedTab;
  readonly #what: ChangedPart;

  constructor(tab: FollowedTab, what: ChangedPart, { render, except, versions }: Shown) {
    this.#tab = tab;
    this.#what = what;
    this.render = render;
    this.except = except;
    this.#versions = versions;
  }

  get versions(): ShownVersions {
    return parseVersions(this.#versions);
  }

  onChange(backend: Backend): void {
    this.#tab.noteChange(this.#what, backend);
  }
}
