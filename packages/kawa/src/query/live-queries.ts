import type { Query, QueryClient } from "@tanstack/react-query";
import { browserBackend } from "../browser/global-backend.ts";
import { processState } from "../core/process/process-state.ts";
import { react, untracked } from "../core/process/reactive.ts";
import { type AnySignal, backed, type Signal } from "../core/signal.ts";
import { type QueryVersion, queryOf, takeVersion } from "./query-version.ts";

type FollowedQuery = {
  readonly signal: AnySignal;
  followerCount: number;
  /** What the cache made of the signal's value: it keeps what is equal. */
  cached?: unknown;
  value?: unknown;
  isShowing: boolean;
  stop: () => void;
};

/** The queries of one client that follow their signals. They show what the signals show, whatever else is written to the cache. */
class LiveQueries {
  readonly #client: QueryClient;
  readonly #followed = new Map<string, FollowedQuery>();
  #unsubscribe: (() => void) | undefined;

  constructor(client: QueryClient) {
    this.#client = client;
    const { forgetCount } = browserBackend();
    let known = forgetCount.peek();
    react(() => {
      if (forgetCount.value === known) return;
      known = forgetCount.value;
      untracked(() => this.#forget());
    });
  }

  follow(signal: AnySignal): () => void {
    const { key } = signal;
    const followed = this.#followed.get(key) ?? this.#start(signal);
    followed.followerCount += 1;
    this.#show(followed);
    let isFollowing = true;
    return () => {
      if (!isFollowing) return;
      isFollowing = false;
      followed.followerCount -= 1;
      if (followed.followerCount > 0) return;
      followed.stop();
      this.#followed.delete(key);
      if (this.#followed.size === 0) this.#unsubscribe?.();
    };
  }

  /** Called when another visitor looks. */
  #forget(): void {
    for (const followed of this.#followed.values()) followed.value = followed.cached = undefined;
    this.#client.removeQueries({ queryKey: ["kawa"], type: "inactive" });
    this.#client.resetQueries({ queryKey: ["kawa"] }).catch(() => {});
  }

  #start(signal: AnySignal): FollowedQuery {
    if (this.#followed.size === 0) {
      this.#unsubscribe = this.#client.getQueryCache().subscribe(({ type, query }) => {
        if (type === "updated") this.#onUpdate(query);
      });
    }
    const followed: FollowedQuery = { signal, followerCount: 0, isShowing: false, stop() {} };
    this.#followed.set(signal.key, followed);
    if (signal.exposure?.expose === "write") browserBackend().prepareWrites();
    followed.stop = react(() => {
      void signal.backend.entry(signal.key).value;
      untracked(() => this.#show(followed));
    });
    return followed;
  }

  /** Called when other data came into the cache: from a render, a restored cache, or the app itself. */
  #onUpdate({ queryKey, state }: Query): void {
    const followed = queryKey[0] === "kawa" ? this.#followed.get(queryKey[1] as string) : undefined;
    // A query without data was reset, or the devtools show it as loading.
    if (followed && state.data !== undefined) this.#show(followed);
  }

  #show(followed: FollowedQuery): void {
    // An observer that hears of a value may write the next one.
    if (followed.isShowing) return;
    followed.isShowing = true;
    try {
      while (this.#showNext(followed));
    } finally {
      followed.isShowing = false;
    }
  }

  /** False when there is nothing to do any more. */
  #showNext(followed: FollowedQuery): boolean {
    const { signal } = followed;
    const queryKey = ["kawa", signal.key];
    const query = queryOf(this.#client, queryKey);
    if (!query) return false;
    const { data } = query.state;
    const version = takeVersion(query);
    if (version && data !== undefined) adopt(signal.key, data, version);
    const entry = signal.backend.entry(signal.key).peek();
    if (entry.state === "unknown") return false;
    const value = signal.valueIn(entry);
    const isShown = data !== undefined && data === followed.cached && value === followed.value;
    if (isShown || value === undefined) return false;
    followed.value = value;
    followed.cached = this.#client.setQueryData(queryKey, value);
    return true;
  }
}

/** Takes over what a render has read, where it is newer. Which of two histories is older only the stream can tell. */
function adopt(key: string, value: unknown, { seq, epoch, isAbsent }: QueryVersion): void {
  const slot = browserBackend().slot(key);
  if (slot.confirmed && (slot.confirmed.epoch !== epoch || slot.confirmed.seq >= seq)) return;
  slot.confirmed = { ...(isAbsent ? { text: null } : { value }), seq, epoch };
  slot.show();
}

const byClient = processState("live-queries", () => new WeakMap<QueryClient, LiveQueries>());

/** Keeps the query of a signal live, as far as the client has one, until the returned function is called. */
export function followSignal<T>(client: QueryClient, signal: Signal<T>): () => void {
  let queries = byClient.get(client);
  if (!queries) byClient.set(client, (queries = new LiveQueries(client)));
  return queries.follow(backed(signal));
}
