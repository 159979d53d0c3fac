import type { Backend } from "../../core/backend/backend.ts";
import type { AskingClient } from "../network/asking-client.ts";
import { FollowedTab, type TabStream } from "./followed-tab.ts";
import { renewPresence } from "./renew-presence.ts";
import { DrainWatch } from "../limits/drain-watch.ts";
import { streamLimits } from "../limits/limits.ts";
import {
  addStream,
  changedTabCount,
  flushSoon,
  noteChangedTab,
  removeStream,
  streamCount,
  tellCutTo,
  tickMs,
} from "./open-streams.ts";
import { heartbeatGapMs } from "./heartbeat-gap.ts";
import { quotas } from "../limits/quota.ts";
import { reportSeldom } from "../limits/report-seldom.ts";
import { SentValues } from "./sent-values.ts";
import { jitterMsFor } from "./jitter.ts";
import { PendingChanges } from "./pending-changes.ts";
import type { EventStreamOptions, StreamTimes } from "./stream-options.ts";
import { StreamDeadline, type StreamEnd } from "./stream-deadline.ts";
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

const noTabs = "[]";

/** Within this time browsers come back, in milliseconds: spread out when a server ends, at once when a stream's time is up. */
const withinMs = { restart: 2_000, rotation: 100, expired: 0 } as const;

/**
 * The events of one browser. Under backpressure changes gather, and nothing else does. Thousands are open, so it keeps little. When it
 * ends it gives back what was counted for it: itself, its values and kept keys, and the reads of its tabs.
 */
export class EventStream implements TabStream, StreamSource {
  readonly #client: AskingClient;
  readonly #times: StreamTimes;
  readonly #output: StreamOutput;
  readonly #drain = new DrainWatch();
  readonly #tabs: FollowedTab[] = [];
  /** Undefined while there is nothing to tell. */
  #pending: PendingChanges | undefined;
  /** Undefined while no end is known. */
  #deadline: StreamDeadline | undefined;
  #stopRenewing: (() => number) | undefined;
  #values: SentValues | undefined;
  /** Keys that the renders of its tabs have read. */
  #reads = 0;
  #sentAt = 0;
  /** The longest gap until the next event that the browser was promised. */
  #withinMs = 0;
  /** Tabs that the last `cut` event named, as JSON. */
  #cut = noTabs;
  #isCutDue = false;
  #hasEnded = false;

  constructor(options: EventStreamOptions) {
    const { request, build, exchange, isRequest, client, times, expiresAt, values, kept, limited } = options;
    this.#client = client;
    this.#times = times;
    this.#output = openOutput(this, exchange, isRequest);
    addStream(this);
    this.#promise("hello", { build });
    if (limited && limited.size > 0) this.send("limited", { tabs: [...limited] });
    if (times.maxDurationMs !== undefined) this.#endAfter(times.maxDurationMs, "rotation");
    if (expiresAt !== undefined) this.#endAfter(expiresAt - Date.now(), "expired");
    this.#followTabs(request).catch((error) => {
      reportSeldom("stream", "A stream could not follow its tabs.", error);
      this.#giveUp();
    });
    if (values) this.#followValues(values);
    if (kept) this.#stopRenewing = renewPresence(kept);
  }

  /** Session that opened it; empty for an anonymous one. */
  get subject(): string {
    return this.#client.session ?? "";
  }

  /** Body of the answer. */
  get body(): ReadableStream<Uint8Array> | null {
    return this.#output.body;
  }

  get needsDrain(): boolean {
    return this.#output.needsDrain;
  }

  onDrain(): void {
    if (this.#hasEnded) return;
    this.#drain.look(false, 0);
    if (this.#isCutDue) tellCutTo(this);
    this.flush();
    this.#values?.resume();
    for (const tab of this.#tabs) if (!this.needsDrain) tab.onDrain();
  }

  /** Idempotent. */
  onGone(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#deadline?.stop();
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
    if (this.#stopRenewing) quotas().kept.giveBack(this.#client, this.#stopRenewing());
  }

  /** Says goodbye and ends. Idempotent. */
  end(why: StreamEnd): void {
    if (this.#hasEnded) return;
    this.send("bye", { reason: why === "expired" ? "expired" : "restart", withinMs: withinMs[why] });
    this.onGone();
  }

  /** Called every {@link tickMs}. */
  tick(): void {
    const now = performance.now();
    if (this.#drain.look(this.needsDrain, now) === "gone") return this.#giveUp();
    this.#deadline?.tick(now);
    if (this.needsDrain) return;
    if (now - this.#sentAt > this.#withinMs - tickMs) this.#promise("ping");
    for (const tab of this.#tabs) tab.tick(now);
  }

  /** Counts keys that its tabs follow. False where there is no room for them. */
  takeReads(count: number): boolean {
    if (this.#reads + count > streamLimits.maxReads || !quotas().reads.take(this.#client, count)) return false;
    this.#reads += count;
    return true;
  }

  giveBackReads(count: number): void {
    this.#reads -= count;
    quotas().reads.giveBack(this.#client, count);
  }

  #promise(name: "hello" | "ping", more?: { readonly build: string | undefined }): void {
    this.#withinMs = this.#times.pingIntervalMs ?? heartbeatGapMs(streamCount(), heartbeatIntervalMs);
    this.send(name, { withinMs: this.#withinMs, ...more });
  }

  /** Tells which tabs show something of backends whose changes this process may miss. */
  tellCut(backends: readonly Backend[]): void {
    // The values of the stream may be of any backend.
    const mayShow = (tab: FollowedTab): boolean =>
      backends.some((backend) => this.#values !== undefined || tab.mayShow(backend));
    const tabs = this.#tabs.filter(mayShow).map(({ name }) => name);
    const text = JSON.stringify(tabs);
    if (text === this.#cut) return;
    this.#isCutDue = this.needsDrain;
    if (this.#isCutDue) return;
    this.#cut = text;
    this.send("cut", { tabs });
  }

  /** Ends the stream of a browser that does not drain it. The browser opens a new one when it reads again. */
  #giveUp(): void {
    this.onGone();
    this.#output.destroy();
  }

  #endAfter(ms: number, why: StreamEnd): void {
    this.#deadline ??= new StreamDeadline((reason) => this.end(reason));
    this.#deadline.endAfter(ms, why);
  }

  /** Very many tabs are followed in turns. What changes meanwhile each of them finds out when its turn has come. */
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
    tellCutTo(this);
    if (isUnknown) this.send("unknown", {});
  }

  /** This tab shows what another session was shown: the browser has signed in or out, so all its tabs ask anew. */
  #beginAnew(tab: string): void {
    const token = issueStreamToken(this.subject, []);
    if (token !== undefined) this.send("token", { tab, token });
    this.#endAfter(0, "expired");
  }

  #followValues(options: Pick<ValueFeedOptions, "signals" | "asOpener">): void {
    const { address } = this.#client;
    const needsDrain = (): boolean => this.#hasEnded || this.needsDrain;
    this.#values = new SentValues({ ...options, address, needsDrain, send: (json) => this.#write("values", json) });
    this.#values.start();
  }

  noteChange(tab: FollowedTab, way: RefreshWay): void {
    this.#pending ??= new PendingChanges();
    if (this.#pending.add(tab, way)) noteChangedTab();
    if (this.#pending.gather()) flushSoon(this);
  }

  /** Called at the end of a turn, when all tabs that it changes are known, whether this browser reads or not. */
  flushTurn(): void {
    this.#pending?.endTurn(jitterMsFor(changedTabCount(), this.#times.maxSpreadMs));
    this.flush();
  }

  /** Tells what has changed, unless the turn or the backpressure goes on. */
  flush(): void {
    if (this.#hasEnded || !this.#pending?.isDue || this.needsDrain) return;
    const event = this.#pending.toEvent();
    this.#pending = undefined;
    this.send("change", event);
  }

  send<N extends StreamEventName>(name: N, data: StreamEvents[N]): void {
    this.#write(name, JSON.stringify(data));
  }

  #write(name: StreamEventName, json: string): void {
    this.#sentAt = performance.now();
    this.#output.write(`event: ${name}\ndata: ${json}\n\n`);
    if (this.#output.bufferedBytes > streamLimits.maxBufferedBytes) this.#giveUp();
  }
}
