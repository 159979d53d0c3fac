import { type ListChangeRow, maxWatched, type ValueRow } from "../../browser/value-protocol.ts";
import { queriesFor } from "../../core/collections/queries-for.ts";
import { maxTabs, type StreamEvents, type StreamRequest, type Subscription } from "../protocol/stream-protocol.ts";
import { DueTimer } from "./due-timer.ts";
import type { OwnerMessage, TabMessage, UpMessage } from "./owner-protocol.ts";
import { ReconnectingStream } from "./reconnecting-stream.ts";

/** Subscriptions that change within this time share a new stream, in milliseconds. */
const gatherMs = 50;

/** How often the owner opens a new stream in search of a server that knows what the tabs show. */
const maxSearches = 3;

type Tab = { subscription: Subscription; readonly deliver: (message: OwnerMessage) => void };

/** Owns the stream of a browser and shares it among the tabs. */
export class StreamOwner {
  readonly #tabs = new Map<string, Tab>();
  readonly #stream: ReconnectingStream;
  readonly #lock: () => string | undefined;
  #isUp: boolean | undefined;
  /** Tabs that are not told everything, by why. */
  readonly #untold: Record<"limited" | "cut", readonly string[]> = { limited: [], cut: [] };
  #build: string | undefined;
  /** What the newest stream was opened for, without tokens. */
  #asked = "";
  #searchCount = 0;
  readonly #timer: DueTimer = new DueTimer();

  /** @param lock name of the lock that is held for as long as the owner lives */
  constructor(src: string, lock: () => string | undefined = () => undefined) {
    this.#lock = lock;
    this.#stream = new ReconnectingStream({
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
        this.#tellUp();
      },
      onRefused: (why) => this.#deliverAll({ type: "problem", problem: `${src}: ${why}` }),
    });
  }

  /** Takes what a tab says; `deliver` is how the tab hears. */
  handle({ tab, subscription, isRenewed, isBeat }: TabMessage, deliver: (message: OwnerMessage) => void): void {
    const isNew = !this.#tabs.has(tab);
    if (subscription !== null) {
      deliver({
        type: "here",
        isKnown: !isNew || subscription !== undefined,
        lock: this.#lock(),
        up: this.#upOf(tab),
      });
    }
    if (subscription === undefined) return isBeat ? this.#check() : this.#stream.revive();
    // In the order of their last message: the first are left out when there are too many.
    this.#tabs.delete(tab);
    if (subscription) {
      this.#tabs.set(tab, { subscription, deliver });
      if (isNew) {
        // The tab holds this lock for as long as it lives: a crash frees it too.
        void globalThis.navigator?.locks?.request(tab, () => this.#remove(tab));
      }
    }
    // The stream of the earlier session must bring nothing more.
    if (isRenewed) this.close();
    this.#update();
  }

  close(): void {
    this.#timer.clear();
    this.#isUp = undefined;
    this.#asked = "";
    this.#stream.close();
  }

  #remove(tab: string): void {
    if (this.#tabs.delete(tab)) this.#update();
  }

  #update(): void {
    if (this.#tabs.size === 0) return this.close();
    if (this.#timer.isSet) return;
    this.#timer.set(this.#asked ? gatherMs : 0, () => {
      if (this.#wanted() !== this.#asked) this.#stream.open();
    });
  }

  #request(): StreamRequest {
    const asked = [...this.#tabs].slice(-maxTabs).map(([tab, { subscription }]) => {
      return [tab, { ...subscription, values: subscription.values?.slice(0, maxWatched) }] as const;
    });
    return { tabs: Object.fromEntries(asked) };
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
    if (!this.#timer.isSet) this.#timer.set(gatherMs, () => this.#stream.open());
  }

  /** A tab that is shown asks, so this runs also where the owner is in a tab that is hidden. */
  #check(): void {
    this.#timer.check();
    this.#stream.check();
  }

  /** Undefined until a stream was tried. One that does not follow a tab yet makes nothing live that the tab shows. */
  #upOf(tab: string): UpMessage | undefined {
    if (this.#isUp === undefined || (this.#isUp && !this.#asked.includes(JSON.stringify(tab)))) return undefined;
    const { limited, cut } = this.#untold;
    const state = limited.includes(tab) || cut.includes(tab) ? "stale" : undefined;
    return { type: "up", isUp: this.#isUp, state, build: this.#build };
  }

  #tellUp(): void {
    for (const [tab, { deliver }] of this.#tabs) {
      const up = this.#upOf(tab);
      if (up) deliver(up);
    }
  }

  #receive(name: string, data: Readonly<Record<string, unknown>>): void {
    if (name === "change") {
      const { tabs, spreadMs } = data as Partial<StreamEvents["change"]>;
      for (const [tab, { 0: way, 1: versions }] of Object.entries(tabs ?? {})) {
        this.#tabs.get(tab)?.deliver({ type: "change", versions, way, spreadMs: Number(spreadMs) || 0 });
      }
    } else if (name === "values") {
      const { rows = [], lists = [] } = data as Partial<StreamEvents["values"]>;
      for (const { subscription, deliver } of this.#tabs.values()) {
        // Rows of a collection come with the list of a query before anything watches them.
        const isOwn = ({ 0: key }: ListChangeRow | ValueRow): boolean =>
          subscription.values?.some(({ 0: known }) => known === key || known.startsWith(queriesFor(key))) ?? false;
        const own = { rows: rows.filter(isOwn), lists: lists.filter(isOwn) };
        if (own.rows.length + own.lists.length > 0) deliver({ type: "values", ...own });
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
    } else if (name === "hello") {
      // The new stream may tell these tabs everything.
      const { limited, cut } = this.#untold;
      Object.assign(this.#untold, { limited: [], cut: [] });
      const { build } = data as Partial<StreamEvents["hello"]>;
      const isSame = build === this.#build;
      this.#build = build;
      if (!isSame || limited.length + cut.length > 0) this.#tellUp();
    } else if (name === "limited" || name === "cut") {
      const { tabs } = data as Partial<StreamEvents["limited" | "cut"]>;
      this.#untold[name] = Array.isArray(tabs) ? tabs : [];
      this.#tellUp();
    } else if (name === "unknown") {
      this.#search();
    } else if (name === "bye") {
      const { reason, withinMs } = data as Partial<StreamEvents["bye"]>;
      if (reason === "expired") {
        // The next session may see other values.
        for (const tab of this.#tabs.values()) {
          tab.subscription = { ...tab.subscription, values: tab.subscription.values?.map(([key]) => [key, -1, ""]) };
        }
        this.#deliverAll({ type: "expired", spreadMs: Number(withinMs) || 0 });
      }
    }
  }

  #deliverAll(message: OwnerMessage): void {
    for (const { deliver } of this.#tabs.values()) deliver(message);
  }
}
