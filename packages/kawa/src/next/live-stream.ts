import { formatVersions, parseVersions } from "../core/version.ts";
import { knownRenders } from "../react/known-renders.ts";
import type { RenderReads } from "../react/render-reads.ts";
import { hub } from "./hub.ts";
import { keepAlive, type KeepAliveOptions } from "./keep-alive.ts";
import { changedTabCount, noteChangedTab } from "./live-streams.ts";
import { spreadMsFor } from "./spread.ts";
import type { ShownRender, StreamEventName, StreamEvents, StreamRequest, Subscription } from "./stream-protocol.ts";
import { ValueFeed, type ValueFeedOptions } from "./value-feed.ts";
import { issueStreamToken, readStreamToken } from "./stream-token.ts";

export type LiveStreamOptions = {
  readonly request: StreamRequest;
  /** Whose stream it is; empty for nobody's in particular. */
  readonly subject: string;
  readonly pingIntervalMs: number;
  readonly maxDurationMs: number | undefined;
  /** Time in milliseconds since the epoch at which the identity ends that opened the stream. */
  readonly expiresAt: number | undefined;
  readonly maxSpreadMs: number;
  /** Values that it carries; none when undefined. */
  readonly values?: Omit<ValueFeedOptions, "onRows"> | undefined;
  /** Ephemeral signals that live for as long as it is open; none when undefined. */
  readonly kept?: KeepAliveOptions | undefined;
  /** Called once, however the stream ends. */
  onEnd(): void;
};

/** All browsers of a server that ends come back within this time; one whose time is up comes back at once. */
const withinMs = { restart: 2_000, rotation: 100, expired: 0 } as const;
/** A render that streams reads more and more: what it has read is told once for all that comes in this time. */
const tokenDelayMs = 250;
/** Longest delay of a timer. */
const maxTimerMs = 2 ** 31 - 1;

const encoder = new TextEncoder();

/** The events of one browser. While it does not read, changes gather, and nothing else does. */
export class LiveStream {
  readonly body: ReadableStream<Uint8Array>;
  // Without the request: its tokens may be large, and thousands of streams are open.
  readonly #options: Omit<LiveStreamOptions, "request">;
  readonly #changed = new Map<string, "page" | "route">();
  readonly #cleanUps: (() => void)[] = [];
  #values: ValueFeed | undefined;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isFlushing = false;
  #spreadMs = 0;
  #hasUnknown = false;
  #hasEnded = false;

  constructor({ request, ...options }: LiveStreamOptions) {
    this.#options = options;
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        this.#start(request);
      },
      pull: () => {
        this.#flushValues();
        this.#flush();
      },
      cancel: () => this.abort(),
    });
  }

  /** Says goodbye and ends. Idempotent. */
  end(why: keyof typeof withinMs): void {
    if (this.#hasEnded) return;
    this.#send("bye", { reason: why === "expired" ? "expired" : "restart", withinMs: withinMs[why] });
    this.#cleanUp();
    this.#controller.close();
  }

  /** The browser has gone. Idempotent. */
  abort(): void {
    if (this.#hasEnded) return;
    this.#cleanUp();
    try {
      this.#controller.close();
    } catch {
      // Cancelled: there is nobody to tell.
    }
  }

  #start(request: StreamRequest): void {
    const { pingIntervalMs, maxDurationMs, expiresAt } = this.#options;
    this.#send("hello", { versions: formatVersions(hub().versions) });
    const ping = setInterval(() => this.#controller.desiredSize! > 0 && this.#send("ping", {}), pingIntervalMs);
    this.#cleanUps.push(() => clearInterval(ping));
    this.#endAfter(maxDurationMs, "rotation");
    this.#endAfter(expiresAt === undefined ? undefined : expiresAt - Date.now(), "expired");
    for (const [tab, subscription] of Object.entries(request.tabs)) {
      const stops: (() => void)[] = [];
      this.#cleanUps.push(() => stops.forEach((stop) => stop()));
      this.#follow(tab, subscription, stops);
    }
    if (this.#hasUnknown) this.#send("unknown", {});
    this.#followValues();
    if (this.#options.kept) this.#cleanUps.push(keepAlive(this.#options.kept));
  }

  #endAfter(ms: number | undefined, why: keyof typeof withinMs): void {
    if (ms === undefined) return;
    const timer = setTimeout(() => this.end(why), Math.min(Math.max(ms, 0), maxTimerMs));
    this.#cleanUps.push(() => clearTimeout(timer));
  }

  /** `stops` is filled with what ends it. */
  #follow(tab: string, { route, page, token }: Subscription, stops: (() => void)[]): void {
    const told = readStreamToken(this.#options.subject, token);
    if (told.isOfAnother) return this.#beginAnew(tab);
    const find = ([id]: ShownRender): RenderReads | undefined => knownRenders().get(id) ?? told.renders.get(id);
    const own = page && find(page);
    const known = new Set<RenderReads>();
    const watch = (what: "page" | "route", shown: ShownRender): void => {
      const render = find(shown);
      if (render) known.add(render);
      else if (shown[0] !== "") this.#hasUnknown = true;
      // What a page shows by itself need not be rendered with the whole route.
      const except = what === "route" ? own : undefined;
      const onChange = (): void => this.#onChange(tab, what);
      stops.push(hub().watch({ render, except, versions: parseVersions(shown[1]), onChange }));
    };
    for (const shown of route) watch("route", shown);
    if (page) watch("page", page);
    if (known.size === 0) return;
    this.#tellReads(tab, [...known], stops);
    if (known.size < new Set([...route, ...(page ? [page] : [])].map(([id]) => id)).size || route.length > 1) return;
    const onReplaced = (next: RenderReads): void => {
      // A browser that does not read opens a stream of its own accord.
      if (this.#controller.desiredSize! <= 0 || ![...known].every((render) => next.covers(render))) return;
      for (const stop of stops.splice(0)) stop();
      const to: ShownRender = [next.id, formatVersions(Object.fromEntries(next.versions))];
      this.#send("renewed", { from: page ? [...route, page] : route, to });
      this.#follow(tab, { route: [to], page: page && to }, stops);
    };
    stops.push(find(route[0]!)!.onReplaced(onReplaced));
  }

  /** What this tab shows, and then what the others show too, is of who the browser was before. */
  #beginAnew(tab: string): void {
    const token = issueStreamToken(this.#options.subject, []);
    if (token !== undefined) this.#send("token", { tab, token });
    this.#endAfter(0, "expired");
  }

  #followValues(): void {
    const { values } = this.#options;
    if (!values) return;
    const feed = new ValueFeed({ ...values, onRows: () => this.#flushValues() });
    this.#values = feed;
    this.#cleanUps.push(() => feed.stop());
    feed.start();
  }

  /** At once: a client component does not ask for a render first. */
  #flushValues(): void {
    if (this.#hasEnded || this.#controller.desiredSize! <= 0) return;
    const rows = this.#values?.take() ?? [];
    if (rows.length > 0) this.#send("values", { rows });
  }

  #onChange(tab: string, what: "page" | "route"): void {
    if (!this.#changed.has(tab)) noteChangedTab();
    if (what === "route" || !this.#changed.has(tab)) this.#changed.set(tab, what);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => {
      this.#isFlushing = false;
      // All tabs of this turn are known now, whenever this browser reads.
      this.#spreadMs = Math.max(this.#spreadMs, spreadMsFor(changedTabCount(), this.#options.maxSpreadMs));
      this.#flush();
    });
  }

  /** One event for all changes of a turn, and for all changes while the browser does not read. */
  #flush(): void {
    if (this.#hasEnded || this.#isFlushing || this.#changed.size === 0 || this.#controller.desiredSize! <= 0) return;
    const tabs = Object.fromEntries(this.#changed);
    const spreadMs = this.#spreadMs;
    this.#changed.clear();
    this.#spreadMs = 0;
    this.#send("change", { versions: formatVersions(hub().versions), tabs, spreadMs });
  }

  /** Tells the browser what its renders have read, for the next server that it meets. */
  #tellReads(tab: string, renders: readonly RenderReads[], stops: (() => void)[]): void {
    let timer: NodeJS.Timeout | undefined;
    const tell = (): void => {
      timer = undefined;
      const token = issueStreamToken(this.#options.subject, renders);
      if (token !== undefined) this.#send("token", { tab, token });
    };
    const tellSoon = (): void => void (timer ??= setTimeout(tell, tokenDelayMs));
    for (const render of renders) stops.push(render.onRead(tellSoon));
    stops.push(() => clearTimeout(timer));
    tell();
  }

  #send<N extends StreamEventName>(name: N, data: StreamEvents[N]): void {
    this.#controller.enqueue(encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`));
  }

  #cleanUp(): void {
    this.#hasEnded = true;
    for (const cleanUp of this.#cleanUps) cleanUp();
    this.#options.onEnd();
  }
}
