import type { ValueRow } from "../../core/value-row.ts";
import { maxTabs, type StreamEvents, type StreamRequest, type Subscription } from "../stream-protocol.ts";
import { LiveStream } from "./live-stream.ts";
import type { RefreshWay } from "./refresh-queue.ts";

/** Subscriptions that change within this time share a new stream, in milliseconds. */
const gatherMs = 50;

/** How often another server is looked for, which may know what the tabs show. */
const maxSearches = 3;

/** What a tab hears. */
export type HostMessage =
  | { readonly type: "up"; readonly isUp: boolean; /** It does not tell the tab everything. */ readonly state?: "stale" }
  | { readonly type: "change"; readonly versions: string; readonly way: RefreshWay; readonly spreadMs: number }
  | { readonly type: "expired"; readonly spreadMs: number }
  | { readonly type: "values"; readonly rows: readonly ValueRow[] }
  | { readonly type: "token"; readonly token: string };

/** What a tab says: without a subscription, that it is awake; with `null`, that it is gone. */
export type TabMessage = {
  readonly src: string;
  readonly tab: string;
  readonly subscription?: Subscription | null | undefined;
  /** Somebody else looks now. */
  readonly isRenewed?: boolean;
};

type Tab = { subscription: Subscription; readonly deliver: (message: HostMessage) => void };

/** Owns the stream of a browser and shares it among the tabs. */
export class LiveHost {
  readonly #tabs = new Map<string, Tab>();
  readonly #stream: LiveStream;
  #isUp: boolean | undefined;
  /** What the newest stream asks for, without tokens. */
  #asked = "";
  #searchCount = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(src: string) {
    this.#stream = new LiveStream({
      src,
      request: () => {
        const wanted = this.#wanted();
        if (wanted !== this.#asked) this.#searchCount = 0;
        this.#asked = wanted;
        return this.#request();
      },
      onEvent: (name, data) => this.#receive(name, data),
      onUp: (isUp) => {
        this.#isUp = isUp;
        this.#deliverAll({ type: "up", isUp });
      },
    });
  }

  /** Takes what a tab says; `deliver` is how the tab hears. */
  handle({ tab, subscription, isRenewed }: TabMessage, deliver: (message: HostMessage) => void): void {
    if (subscription === undefined) return this.#stream.revive();
    const isNew = !this.#tabs.has(tab);
    // In the order of their last message: the first are left out when there are too many.
    this.#tabs.delete(tab);
    if (subscription) {
      this.#tabs.set(tab, { subscription, deliver });
      if (isNew) {
        // The tab holds this lock for as long as it lives, and a crash ends it too.
        void globalThis.navigator?.locks?.request(tab, () => this.#remove(tab));
        if (this.#isUp !== undefined) deliver({ type: "up", isUp: this.#isUp });
      }
    }
    // The stream of who looked before brings nothing any more.
    if (isRenewed) this.close();
    this.#update();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#isUp = undefined;
    this.#asked = "";
    this.#stream.close();
  }

  #remove(tab: string): void {
    if (this.#tabs.delete(tab)) this.#update();
  }

  #update(): void {
    if (this.#tabs.size === 0) return this.close();
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#wanted() !== this.#asked) this.#stream.open();
      },
      this.#asked ? gatherMs : 0,
    );
  }

  #request(): StreamRequest {
    return { tabs: Object.fromEntries([...this.#tabs].slice(-maxTabs).map(([tab, { subscription }]) => [tab, subscription])) };
  }

  /** A new token asks for nothing new, and neither does another order of the tabs. */
  #wanted(): string {
    return JSON.stringify(
      Object.entries(this.#request().tabs)
        .map(([tab, { route, page, values, kept }]) => [tab, route, page, values?.map(([key]) => key).sort(), kept])
        .sort(),
    );
  }

  #search(): void {
    if (this.#searchCount === maxSearches) return;
    this.#searchCount += 1;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#stream.open();
    }, gatherMs);
  }

  #receive(name: string, data: Readonly<Record<string, unknown>>): void {
    if (name === "change") {
      const { tabs, spreadMs } = data as Partial<StreamEvents["change"]>;
      for (const [tab, { 0: way, 1: versions }] of Object.entries(tabs ?? {})) {
        this.#tabs.get(tab)?.deliver({ type: "change", versions, way, spreadMs: Number(spreadMs) || 0 });
      }
    } else if (name === "values") {
      const { rows = [] } = data as Partial<StreamEvents["values"]>;
      for (const { subscription, deliver } of this.#tabs.values()) {
        const own = rows.filter(([key]) => subscription.values?.some((known) => known[0] === key));
        if (own.length > 0) deliver({ type: "values", rows: own });
      }
    } else if (name === "token") {
      const { tab, token } = data as Partial<StreamEvents["token"]>;
      const known = this.#tabs.get(`${tab}`);
      if (!known || typeof token !== "string") return;
      known.subscription = { ...known.subscription, token };
      known.deliver({ type: "token", token });
    } else if (name === "renewed") {
      const { from = [], to } = data as Partial<StreamEvents["renewed"]>;
      for (const shown of from) this.#asked = this.#asked.replaceAll(JSON.stringify(shown), JSON.stringify(to));
    } else if (name === "limited") {
      const { tabs = [] } = data as Partial<StreamEvents["limited"]>;
      for (const tab of tabs) this.#tabs.get(tab)?.deliver({ type: "up", isUp: true, state: "stale" });
    } else if (name === "unknown") {
      this.#search();
    } else if (name === "bye") {
      const { reason, withinMs } = data as Partial<StreamEvents["bye"]>;
      if (reason === "expired") {
        // Whoever opens the next stream may see other values.
        for (const tab of this.#tabs.values()) {
          tab.subscription = { ...tab.subscription, values: tab.subscription.values?.map(([key]) => [key, -1, ""]) };
        }
        this.#deliverAll({ type: "expired", spreadMs: Number(withinMs) || 0 });
      }
    }
  }

  #deliverAll(message: HostMessage): void {
    for (const { deliver } of this.#tabs.values()) deliver(message);
  }
}
