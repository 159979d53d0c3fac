import { formatVersions } from "../core/version.ts";
import { type ChangedPart, FollowedTab, type TabStream } from "./followed-tab.ts";
import { hub } from "./hub.ts";
import { keepAlive, type KeepAliveOptions } from "./keep-alive.ts";
import { addStream, changedTabCount, flushSoon, noteChangedTab, removeStream } from "./live-streams.ts";
import { spreadMsFor } from "./spread.ts";
import type { StreamEventName, StreamEvents, StreamRequest } from "./stream-protocol.ts";
import { issueStreamToken } from "./stream-token.ts";
import { ValueFeed, type ValueFeedOptions } from "./value-feed.ts";

export type LiveStreamOptions = {
  readonly request: StreamRequest;
  /** Whose stream it is; empty for nobody's in particular. */
  readonly subject: string;
  /** With whose it counts: the session's or the address's; empty for neither. */
  readonly client: string;
  readonly pingIntervalMs: number;
  readonly maxDurationMs: number | undefined;
  /** Time in milliseconds since the epoch at which the identity ends that opened the stream. */
  readonly expiresAt: number | undefined;
  readonly maxSpreadMs: number;
  /** Values that it carries; none when undefined. */
  readonly values?: Omit<ValueFeedOptions, "onRows"> | undefined;
  /** Ephemeral signals that live for as long as it is open; none when undefined. */
  readonly kept?: KeepAliveOptions | undefined;
};

/** All browsers of a server that ends come back within this time; one whose time is up comes back at once. */
const withinMs = { restart: 2_000, rotation: 100, expired: 0 } as const;
/** Longest delay of a timer. */
const maxTimerMs = 2 ** 31 - 1;

const encoder = new TextEncoder();

/**
 * The events of one browser. While it does not read, changes gather, and nothing else does. Thousands are open, so it keeps little: it
 * is the source of its own body, and forgets the request, whose tokens may be large.
 */
export class LiveStream implements TabStream, UnderlyingDefaultSource<Uint8Array> {
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: Omit<LiveStreamOptions, "request">;
  /** By tab. Undefined while there is nothing to tell. */
  #changed: Map<string, ChangedPart> | undefined;
  #tabs: readonly FollowedTab[] = [];
  #timers: readonly NodeJS.Timeout[] = [];
  #stopKeeping: (() => void) | undefined;
  #values: ValueFeed | undefined;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isFlushing = false;
  #spreadMs = 0;
  #hasEnded = false;

  constructor({ request, ...options }: LiveStreamOptions) {
    this.#options = options;
    this.body = new ReadableStream<Uint8Array>(this);
    addStream(this, options.client);
    this.#open(request);
  }

  /** Of the body. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /** Of the body: the browser reads. */
  pull(): void {
    this.#flushValues();
    this.flush();
  }

  /** Of the body: the browser has gone. */
  cancel(): void {
    this.abort();
  }

  /** Says goodbye and ends. Idempotent. */
  end(why: keyof typeof withinMs): void {
    if (this.#hasEnded) return;
    this.send("bye", { reason: why === "expired" ? "expired" : "restart", withinMs: withinMs[why] });
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

  get subject(): string {
    return this.#options.subject;
  }

  get isRead(): boolean {
    return this.#controller.desiredSize! > 0;
  }

  #open(request: StreamRequest): void {
    const { pingIntervalMs, maxDurationMs, expiresAt, kept } = this.#options;
    this.send("hello", { versions: formatVersions(hub().versions) });
    this.#keepTimer(setInterval(() => this.isRead && this.send("ping", {}), pingIntervalMs));
    this.#endAfter(maxDurationMs, "rotation");
    this.#endAfter(expiresAt === undefined ? undefined : expiresAt - Date.now(), "expired");
    let isUnknown = false;
    this.#tabs = Object.entries(request.tabs).map(([name, subscription]) => {
      const tab = new FollowedTab(this, name);
      const problem = tab.follow(subscription);
      if (problem === "unknown") isUnknown = true;
      if (problem === "of another") this.#beginAnew(name);
      return tab;
    });
    if (isUnknown) this.send("unknown", {});
    this.#followValues();
    if (kept) this.#stopKeeping = keepAlive(kept);
  }

  #endAfter(ms: number | undefined, why: keyof typeof withinMs): void {
    if (ms === undefined) return;
    this.#keepTimer(setTimeout(() => this.end(why), Math.min(Math.max(ms, 0), maxTimerMs)));
  }

  /** An array that is pushed to has room for sixteen more. */
  #keepTimer(timer: NodeJS.Timeout): void {
    this.#timers = this.#timers.concat(timer);
  }

  /** What this tab shows, and then what the others show too, is of who the browser was before. */
  #beginAnew(tab: string): void {
    const token = issueStreamToken(this.subject, []);
    if (token !== undefined) this.send("token", { tab, token });
    this.#endAfter(0, "expired");
  }

  #followValues(): void {
    const { values } = this.#options;
    if (!values) return;
    const feed = new ValueFeed({ ...values, onRows: () => this.#flushValues() });
    this.#values = feed;
    feed.start();
  }

  /** At once: a client component does not ask for a render first. */
  #flushValues(): void {
    if (this.#hasEnded || !this.#values || !this.isRead) return;
    const rows = this.#values.take();
    if (rows.length > 0) this.send("values", { rows });
  }

  noteChange(tab: string, what: ChangedPart): void {
    const changed = (this.#changed ??= new Map());
    if (!changed.has(tab)) noteChangedTab();
    if (what === "route" || !changed.has(tab)) changed.set(tab, what);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    flushSoon(this);
  }

  /** All tabs that change in this turn are known now, whenever this browser reads. */
  flushTurn(): void {
    this.#isFlushing = false;
    this.#spreadMs = Math.max(this.#spreadMs, spreadMsFor(changedTabCount(), this.#options.maxSpreadMs));
    this.flush();
  }

  /** One event for all changes of a turn, and for all changes while the browser does not read. */
  flush(): void {
    if (this.#hasEnded || this.#isFlushing || !this.#changed || !this.isRead) return;
    const tabs = Object.fromEntries(this.#changed);
    const spreadMs = this.#spreadMs;
    this.#changed = undefined;
    this.#spreadMs = 0;
    this.send("change", { versions: formatVersions(hub().versions), tabs, spreadMs });
  }

  send<N extends StreamEventName>(name: N, data: StreamEvents[N]): void {
    this.#controller.enqueue(encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`));
  }

  #cleanUp(): void {
    this.#hasEnded = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const tab of this.#tabs) tab.stop();
    this.#values?.stop();
    this.#stopKeeping?.();
    removeStream(this, this.#options.client);
  }
}
