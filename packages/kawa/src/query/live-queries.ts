import type { Query, QueryClient } from "@tanstack/react-query";
import { browserBackend } from "../browser/global-backend.ts";
import { processState } from "../core/process/process-state.ts";
import { batch, react, untracked } from "../core/process/reactive.ts";
import { dataOf, heldBy, isKnown, leadOf, type QuerySource } from "./query-source.ts";
import { type QueryVersion, queryOf, takeVersion } from "./query-version.ts";

type FollowedQuery = {
  readonly source: QuerySource<unknown>;
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

  follow(source: QuerySource<unknown>): () => void {
    const { key } = source;
    const followed = this.#followed.get(key) ?? this.#start(source);
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

  #start(source: QuerySource<unknown>): FollowedQuery {
    if (this.#followed.size === 0) {
      this.#unsubscribe = this.#client.getQueryCache().subscribe(({ type, query }) => {
        if (type === "updated") this.#onUpdate(query);
      });
    }
    const followed: FollowedQuery = { source, followerCount: 0, isShowing: false, stop() {} };
    this.#followed.set(source.key, followed);
    const lead = leadOf(source);
    if (lead.exposure?.expose === "write") browserBackend().prepareWrites();
    followed.stop = react(() => {
      // Reading rows whose list is not known would ask the server for it, and the stream brings it.
      try {
        if (lead.backend.entry(lead.key).value.state !== "unknown") void source.value;
      } catch {
        // It cannot be shown, which the query tells.
      }
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
    const { source } = followed;
    const queryKey = ["kawa", source.key];
    const query = queryOf(this.#client, queryKey);
    if (!query) return false;
    const { data } = query.state;
    const version = takeVersion(query);
    if (version && data !== undefined) adopt(source, data, version);
    const { backend } = leadOf(source);
    if (!isKnown(source, (key) => backend.entry(key))) return false;
    let value: unknown;
    try {
      value = dataOf(source.peek());
    } catch (error) {
      query.setState({ status: "error", error: error as Error });
      return false;
    }
    if (data !== undefined && data === followed.cached && value === followed.value) return false;
    followed.value = value;
    followed.cached = this.#client.setQueryData(queryKey, value);
    return true;
  }
}

/** Takes over what a render has read, where it is newer. Which of two histories is older only the stream can tell. */
function adopt(source: QuerySource<unknown>, data: unknown, { seq, epoch, isAbsent, rows = [] }: QueryVersion): void {
  batch(() => {
    for (const [at, [key, value]] of heldBy(source, data).entries()) {
      const slot = browserBackend().slot(key);
      const version = at === 0 ? seq : (rows[at - 1] ?? 0);
      if (slot.confirmed && (slot.confirmed.epoch !== epoch || slot.confirmed.seq >= version)) continue;
      slot.confirmed = { ...(isAbsent && at === 0 ? { text: null } : { value }), seq: version, epoch };
      slot.show();
    }
  });
}

const byClient = processState("live-queries", () => new WeakMap<QueryClient, LiveQueries>());

/** Keeps the query of a signal live, as far as the client has one, until the returned function is called. */
export function followSignal<T>(client: QueryClient, source: QuerySource<T>): () => void {
  let queries = byClient.get(client);
  if (!queries) byClient.set(client, (queries = new LiveQueries(client)));
  return queries.follow(source as QuerySource<unknown>);
}
