import type { KnownValue, ListChangeRow, ValueRow } from "../../browser/value-protocol.ts";

/**
 * What a browser and the reactive route say to each other. A browser opens one stream for all of its tabs: a POST with a
 * {@link StreamRequest}, answered with server-sent events ({@link StreamEvents}). When its tabs show something else that this stream
 * does not know of, it opens a new stream and ends the one before.
 *
 * A stream says when what a tab shows has changed. Of keys that client components show, and no others, it carries the values:
 * those that are exposed to browsers, as who opened the stream may see them.
 */

/** What of a tab is rendered again: its page segment, or everything with its layouts. */
export type RefreshWay = "page" | "route";

/** A render that a tab shows: its id, and the versions that it shows (`formatVersions`), both as the server gave them. */
export type ShownRender = readonly [id: string, versions: string];

export type Subscription = {
  /** Renders whose changes need the whole route rendered again. An empty id stands for a render that no server knows. */
  readonly route: readonly ShownRender[];
  /** The render of a page with `<LivePage />`: what it has read needs only the page segment rendered again. */
  readonly page?: ShownRender | undefined;
  /** The newest `token` event of this tab: what its renders have read, for a server that has not rendered them. */
  readonly token?: string | undefined;
  /** Keys that client components of this tab show, each with the newest value that the tab knows. */
  readonly values?: readonly KnownValue[] | undefined;
  /** Ephemeral keys that this tab keeps, at most `maxKept`: the server renews them for as long as the stream is open. */
  readonly kept?: readonly string[] | undefined;
};

export type StreamRequest = {
  /** What each tab shows, by a name that the tab makes for itself. */
  readonly tabs: Readonly<Record<string, Subscription>>;
  /** Reports that a page stays stale. Such a request opens no stream. */
  readonly stale?: StaleReport | undefined;
};

/**
 * Why a page shows less than was announced: each render that was asked for shows less, the one that was asked for never ends, a
 * navigation never ends, or none could begin.
 */
export const staleWays = ["renders", "refresh", "navigation", "wait"] as const;
export type StaleWay = (typeof staleWays)[number];

export type StaleReport = {
  /** Without its query, which may hold secrets. */
  readonly path: string;
  readonly way: StaleWay;
};

/** The next event comes within this time, in milliseconds: a browser that hears nothing for longer no longer knows whether it is current. */
type NextEvent = { readonly withinMs: number };

/** Data of the events, as JSON. */
export type StreamEvents = {
  /** First event. The build is what Next compares with that of a page. */
  hello: NextEvent & { readonly build?: string | undefined };
  /** These tabs show something old. Once for all changes of a turn. */
  change: {
    /**
     * By tab, what has to be rendered again, and the versions that it shows then, of the backends that the tab reads. No versions:
     * it has to be rendered whatever it shows.
     */
    readonly tabs: Readonly<Record<string, readonly [way: RefreshWay, versions: string]>>;
    /** Each tab waits for a random part of this before it asks, in milliseconds: very many tabs show the same, or the server is busy. */
    readonly spreadMs: number;
  };
  /** What these keys hold now. Under backpressure only the newest value of a key is sent. */
  values: {
    readonly rows: readonly ValueRow[];
    /** Changes of lists that this stream, or the page, has told as a whole before. */
    readonly lists?: readonly ListChangeRow[] | undefined;
  };
  /** What the renders of a tab have read, for the next server that its browser meets. Only servers can read it. */
  token: { readonly tab: string; readonly token: string };
  /**
   * A tab was sent a render that has read what the ones before have read, and maybe more: the stream goes on as if it had been opened
   * for `to`.
   */
  renewed: { readonly from: readonly ShownRender[]; readonly to: ShownRender };
  /**
   * This server has not rendered what some tab shows, so it tells that tab of every change. The browser opens a new stream, which may reach
   * the server that has rendered it: its `token` then tells every other server what the tab shows.
   */
  unknown: Readonly<Record<never, never>>;
  /** There is no room for all values that these tabs follow, or all keys that they keep: what they show may be old. */
  limited: { readonly tabs: readonly string[] };
  /**
   * This server cannot reach the actor, so it may miss changes of what these tabs show. It sends the event again when other tabs are
   * concerned, and without tabs when it hears of every change again.
   */
  cut: { readonly tabs: readonly string[] };
  /** Heartbeat. */
  ping: NextEvent;
  /**
   * Last event. `restart`: the server ends, or the platform's time limit is near. `expired`: who opened the stream is no longer
   * signed in, so all tabs ask for a render. Come back after a random part of `withinMs`.
   */
  bye: { readonly reason: "restart" | "expired"; readonly withinMs: number };
};

export type StreamEventName = keyof StreamEvents;

/** Most tabs of one stream, and most renders of one tab; a tab that has more names an empty id instead. */
export const maxTabs = 64;
export const maxRendersPerTab = 24;

/** Name of the entry in the `Server-Timing` header of a render's answer; its description is the render's id. */
export const renderTimingName = "kawa";

/** Longest gap between events that browsers expect, in milliseconds. After two and a bit the stream is dead. */
export const heartbeatIntervalMs = 15_000;
