import type { Backend } from "../../core/backend/backend.ts";
import type { AskingClient } from "../network/asking-client.ts";
import type { Exchange } from "../network/connections.ts";
import { FollowedTab, type TabStream } from "./followed-tab.ts";
import { renewPresence, type RenewPresenceOptions } from "./renew-presence.ts";
import { drainTimeoutMs, streamLimits } from "../limits/limits.ts";
import {
  addStream,
  changedTabCount,
  flushSoon,
  noteChangedTab,
  removeStream,
  streamCount,
  tickMs,
} from "./open-streams.ts";
import { heartbeatGapMs } from "./heartbeat-gap.ts";
import { quotas } from "../limits/quota.ts";
import { reportSeldom } from "../limits/report-seldom.ts";
import { SentValues } from "./sent-values.ts";
import { jitterMsFor } from "./jitter.ts";
import { openOutput, type StreamOutput, type StreamSource } from "./stream-output.ts";
import {
  type RefreshWay,
  heartbeatIntervalMs,
  type StreamEventName,
  type StreamEvents,
  type StreamRequest,
} from "../protocol/stream-protocol.ts";
import { issueStreamToken } from "./stream-token.ts";
import { turns } from "../limits/turns.ts";
import type { ValueFeedOptions } from "./value-feed.ts";

/** What streams of one route have in common. */
export type StreamTimes = {
  /** Longest time without an event. @default what `heartbeatGapMs` says */
  readonly pingIntervalMs: number | undefined;
  readonly maxDurationMs: number | undefined;
  readonly maxSpreadMs: number;
};

export type EventStreamOptions = {
  readonly request: StreamRequest;
  /** The answer of which it is, where that is known. */
  readonly exchange?: Exchange | undefined;
  /** It stays a request for as long as it is open. */
  readonly isRequest?: boolean | undefined;
  readonly client: AskingClient;
  readonly times: StreamTimes;
  /** Time in milliseconds since the epoch at which the identity ends that opened the stream. */
  readonly expiresAt: number | undefined;
  /** Values that it carries; none when undefined. */
  readonly values?: Pick<ValueFeedOptions, "signals" | "asOpener"> | undefined;
  /** Ephemeral signals that live for as long as it is open; none when undefined. */
  readonly kept?: RenewPresenceOptions | undefined;
  /** Tabs that do not get all that they ask for. */
  readonly limited?: ReadonlySet<string> | undefined;
};

type End = "restart" | "rotation" | "expired";

const noTabs = "[]";

/** All browsers of a server that ends come back within this time; one whose time is up comes back at once. */
const withinMs = { restart: 2_000, rotation: 100, expired: 0 } as const;

/**
 * The events of one browser. While it does not read, changes gather, and nothing else does. Thousands are open, so it keeps little. When
 * it ends it gives back what was counted for it: itself, its values and kept keys, and the reads of its tabs.
 */
export class EventStream implements TabStream, StreamSource {
  readonly #client: AskingClient;
  readonly #times: StreamTimes;
  readonly #output: StreamOutput;
  /** By tab. Undefined while there is nothing to tell. */
  #changed: Map<FollowedTab, RefreshWay> | undefined;
  readonly #tabs: FollowedTab[] = [];
  #stopKeeping: (() => number) | undefined;
  #values: SentValues | undefined;
  /** Keys that the renders of its tabs have read. */
  #reads = 0;
  #isFlushing = false;
  /** Since when the browser has not read; 0 while it does. */
  #unreadSince = 0;
  #spreadMs = 0;
  #sentAt = 0;
  /** The browser was promised an event within this time. */
  #withinMs = 0;
  /** Its tabs that were told last that they may be old, as JSON. */
  #cut = noTabs;
  #endsAt = Number.POSITIVE_INFINITY;
  #endsAs: End = "rotation";
  /** Of an end that is near. */
  #endTimer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor({ request, exchange, isRequest, client, times, expiresAt, values, kept, limited }: EventStreamOptions) {
    this.#client = client;
    this.#times = times;
    this.#output = openOutput(this, exchange, isRequest);
    addStream(this);
    this.#promise("hello");
    if (limited && limited.size > 0) this.send("limited", { tabs: [...limited] });
    if (times.maxDurationMs !== undefined) this.#endAfter(times.maxDurationMs, "rotation");
    if (expiresAt !== undefined) this.#endAfter(expiresAt - Date.now(), "expired");
    this.#followTabs(request).catch((error) => {
      reportSeldom("stream", "A stream could not follow its tabs.", error);
      this.#giveUp();
    });
    if (values) this.#followValues(values);
    if (kept) this.#stopKeeping = renewPresence(kept);
  }

  /** Whose stream it is; empty for nobody's in particular. */
  get subject(): string {
    return this.#client.session ?? "";
  }

  /** Body of the answer. */
  get body(): ReadableStream<Uint8Array> | null {
    return this.#output.body;
  }

  get isRead(): boolean {
    return this.#output.isRead;
  }

  onRead(): void {
    if (this.#hasEnded) return;
    this.#unreadSince = 0;
    this.flush();
    this.#values?.resume();
    for (const tab of this.#tabs) if (this.isRead) tab.onDrain();
  }

  /** Idempotent. */
  onGone(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#endTimer);
    for (const tab of this.#tabs) tab.stop();
    this.#stopFollowing();
    quotas().reads.giveBack(this.#client, this.#reads);
    quotas().streams.giveBack(this.#client, 1);
    removeStream(this);
    this.#output.end();
  }

  #stopFollowing(): void {
    if (this.#values) {
      this.#values.stop();
      quotas().values.giveBack(this.#client, this.#values.size);
    }
    if (this.#stopKeeping) quotas().kept.giveBack(this.#client, this.#stopKeeping());
  }

  /** Says goodbye and ends. Idempotent. */
  end(why: End): void {
    if (this.#hasEnded) return;
    this.send("bye", { reason: why === "expired" ? "expired" : "restart", withinMs: withinMs[why] });
    this.onGone();
  }

  /** Called every {@link tickMs}. */
  tick(): void {
    const now = performance.now();
    if (!this.#isReadInTime(now)) return this.#giveUp();
    if (now - this.#sentAt > this.#withinMs - tickMs && this.isRead) this.#promise("ping");
    if (!this.#endTimer && this.#endsAt - now <= tickMs) this.#endSoon();
    if (this.isRead) for (const tab of this.#tabs) tab.tick(now);
  }

  /** Counts keys that its tabs follow, as far as there is room. */
  takeReads(count: number): boolean {
    if (this.#reads + count > streamLimits.maxReads || !quotas().reads.take(this.#client, count)) return false;
    this.#reads += count;
    return true;
  }

  giveBackReads(count: number): void {
    this.#reads -= count;
    quotas().reads.giveBack(this.#client, count);
  }

  #promise(name: "hello" | "ping"): void {
    this.#withinMs = this.#times.pingIntervalMs ?? heartbeatGapMs(streamCount(), heartbeatIntervalMs);
    this.send(name, { withinMs: this.#withinMs });
  }

  /** This process may not hear of what changes in these. */
  tellCut(backends: readonly Backend[]): void {
    // Nobody has counted of which backends its values are.
    const mayShow = (tab: FollowedTab): boolean =>
      backends.some((backend) => this.#values !== undefined || tab.mayShow(backend));
    const tabs = this.#tabs.filter(mayShow).map(({ name }) => name);
    const text = JSON.stringify(tabs);
    if (text === this.#cut || !this.isRead) return;
    this.#cut = text;
    this.send("cut", { tabs });
  }

  #isReadInTime(now: number): boolean {
    if (this.isRead) this.#unreadSince = 0;
    else if (this.#unreadSince === 0) this.#unreadSince = Math.ceil(now);
    return this.#unreadSince === 0 || now - this.#unreadSince < drainTimeoutMs;
  }

  /** Nobody reads what is sent: it comes back by itself when it does. */
  #giveUp(): void {
    this.onGone();
    this.#output.destroy();
  }

  #endAfter(ms: number, why: End): void {
    const at = performance.now() + ms;
    if (at >= this.#endsAt) return;
    this.#endsAt = at;
    this.#endsAs = why;
    if (ms <= tickMs) this.#endSoon();
  }

  #endSoon(): void {
    clearTimeout(this.#endTimer);
    this.#endTimer = setTimeout(() => this.end(this.#endsAs), Math.max(0, Math.ceil(this.#endsAt - performance.now())));
  }

  /** Very many of them hold up nobody. What changes meanwhile each of them finds out when its turn has come. */
  async #followTabs({ tabs }: StreamRequest): Promise<void> {
    let isUnknown = false;
    for (const [index, [name, subscription]] of Object.entries(tabs).entries()) {
      if (index > 0 && index % streamLimits.tabsAtOnce === 0) await turns().next(this.#client.address);
      if (this.#hasEnded) return;
      const tab = new FollowedTab(this, name);
      const problem = tab.follow(subscription);
      this.#tabs.push(tab);
      if (problem === "unknown") isUnknown = true;
      if (problem === "of another") this.#beginAnew(name);
    }
    if (isUnknown) this.send("unknown", {});
  }

  /** What this tab shows, and then what the others show too, is of who the browser was before. */
  #beginAnew(tab: string): void {
    const token = issueStreamToken(this.subject, []);
    if (token !== undefined) this.send("token", { tab, token });
    this.#endAfter(0, "expired");
  }

  #followValues(options: Pick<ValueFeedOptions, "signals" | "asOpener">): void {
    const { address } = this.#client;
    const isRead = (): boolean => !this.#hasEnded && this.isRead;
    this.#values = new SentValues({ ...options, address, isRead, send: (json) => this.#write("values", json) });
    this.#values.start();
  }

  noteChange(tab: FollowedTab, what: RefreshWay): void {
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
    this.#spreadMs = Math.max(this.#spreadMs, jitterMsFor(changedTabCount(), this.#times.maxSpreadMs));
    this.flush();
  }

  /** One event for all changes of a turn, and for all changes while the browser does not read. */
  flush(): void {
    if (this.#hasEnded || this.#isFlushing || !this.#changed || !this.isRead) return;
    const tabs: Record<string, readonly [RefreshWay, string]> = {};
    for (const [tab, what] of this.#changed) tabs[tab.name] = [what, tab.takeVersions()];
    const spreadMs = this.#spreadMs;
    this.#changed = undefined;
    this.#spreadMs = 0;
    this.send("change", { tabs, spreadMs });
  }

  send<N extends StreamEventName>(name: N, data: StreamEvents[N]): void {
    this.#write(name, JSON.stringify(data));
  }

  #write(name: StreamEventName, json: string): void {
    this.#sentAt = performance.now();
    this.#output.write(`event: ${name}\ndata: ${json}\n\n`);
    if (this.#output.unreadBytes > streamLimits.maxUnreadBytes) this.#giveUp();
  }
}
