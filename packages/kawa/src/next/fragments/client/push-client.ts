import { unstable_isUnrecognizedActionError as isUnknownAction } from "next/navigation";
import { randomId } from "../../../browser/random-id.ts";
import { backoff } from "../../../core/process/backoff.ts";
import { processState } from "../../../core/process/process-state.ts";
import { withTimeout } from "../../../core/process/with-timeout.ts";
import { pushFragments } from "../push/push-fragments.ts";
import {
  type FragmentRef,
  maxFragments,
  maxPushMs,
  type PushAnswer,
  type PushEnd,
} from "../../protocol/push-protocol.ts";
import { type FragmentStore, fragmentStore } from "./fragment-store.ts";
import { acquirePushSlot } from "./push-slot.ts";

/** Fragments come in groups: with a navigation, with a part that streams in. */
const settleMs = 20;
const slotLimitMs = 1_000;
const openLimitMs = 5_000;
const retryMs = { firstMs: 300, maxMs: 5_000 } as const;
/** Longest random wait before a tab calls again after a server has restarted, in milliseconds. */
const restartJitterMs = 1_000;
/** Most calls at a time: one that cannot be ended, because another server holds it, and the one that replaces it. */
const maxOpenCalls = 2;

type Call = { readonly key: string; readonly tokens: ReadonlySet<string> };
type Release = () => void;

type WithSlot =
  | { readonly name: "holding"; readonly release: Release; readonly call?: never }
  | { readonly name: "calling" | "refused"; readonly release: Release; readonly call: Call };

type State =
  | WithSlot
  | { readonly name: "idle" | "over"; readonly call?: never }
  | { readonly name: "queueing"; readonly asking: AbortController; readonly call?: never };

export type PushClientOptions = {
  store: FragmentStore;
  push: typeof pushFragments;
  acquireSlot: typeof acquirePushSlot;
};

/**
 * Holds the one call of a tab that brings new content of all its fragments, while the tab is visible.
 *
 *     idle ── fragments ─▶ queueing ── slot ─▶ holding ── time ─▶ calling ── replaced by nothing ─▶ refused
 *      ▲                      │                   │ ▲                │ ▲                               │
 *      │                      │                   │ └─ ended, failed ┤ └─────── other fragments ───────┤
 *      └───── hidden, or no fragments ────────────┴──────────────────┴─────────────────────────────────┘
 *                                                                    └── the server runs another build ─▶ over
 *
 * A slot is given back on the way to idle and over. Other fragments than those of a call have another call take its place. One that is
 * refused is not made again for the same fragments: the server can push none of them.
 */
export class PushClient {
  readonly #store: FragmentStore;
  readonly #push: typeof pushFragments;
  readonly #acquireSlot: typeof acquirePushSlot;
  readonly #tab = randomId();
  #state: State = { name: "idle" };
  /** How many calls are open, with those that were replaced. */
  #openCalls = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failureCount = 0;

  constructor({ store, push, acquireSlot }: PushClientOptions) {
    this.#store = store;
    this.#push = push;
    this.#acquireSlot = acquireSlot;
    store.subscribe(() => (this.#timer ??= this.#later(settleMs)));
    document.addEventListener("visibilitychange", () => this.#sync());
  }

  #later(delayMs: number): ReturnType<typeof setTimeout> {
    clearTimeout(this.#timer);
    return (this.#timer = setTimeout(() => this.#sync(), delayMs));
  }

  #sync(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const refs = document.visibilityState === "hidden" ? [] : this.#store.toPush();
    const state = this.#state;
    if (state.name === "over") return;
    if (refs.length === 0) this.#stop();
    else if (state.name === "idle") void this.#queue();
    else if ("release" in state) this.#follow(refs, state);
  }

  async #queue(): Promise<void> {
    const asking = new AbortController();
    this.#state = { name: "queueing", asking };
    const late = setTimeout(() => this.#store.setUnpushed("all"), slotLimitMs);
    asking.signal.addEventListener("abort", () => clearTimeout(late));
    const release = await this.#acquireSlot(asking.signal);
    clearTimeout(late);
    if (asking.signal.aborted) return release();
    this.#state = { name: "holding", release };
    this.#sync();
  }

  #follow(refs: readonly FragmentRef[], { release, call }: WithSlot): void {
    const key = [this.#store.addCount, ...refs.map(({ token, render }) => `${render} ${token}`)].join();
    if (key === call?.key) return;
    if (this.#openCalls === maxOpenCalls)
      return this.#store.setUnpushed(refs.map(({ token }) => token).filter((token) => !call?.tokens.has(token)));
    const asked = refs.slice(0, maxFragments);
    const own = { key, tokens: new Set(asked.map(({ token }) => token)) };
    this.#state = { name: "calling", release, call: own };
    void this.#run(own, asked, refs.slice(maxFragments));
  }

  async #run(call: Call, refs: readonly FragmentRef[], beyond: readonly FragmentRef[]): Promise<void> {
    this.#openCalls += 1;
    let end: PushEnd | undefined;
    let error: unknown;
    try {
      const { unknown, pushes } = await inTime(this.#push({ tab: this.#tab, fragments: refs }), openLimitMs);
      if (this.#state.call === call) {
        this.#failureCount = 0;
        this.#store.setUnpushed([...unknown.map((index) => refs[index]!), ...beyond].map(({ token }) => token));
      }
      end = await inTime(this.#show(refs, pushes), maxPushMs + openLimitMs);
    } catch (thrown) {
      error = thrown;
    }
    this.#openCalls -= 1;
    if (this.#state.call === call) this.#finish(this.#state, end, error);
    else this.#sync();
  }

  async #show(refs: readonly FragmentRef[], pushes: PushAnswer["pushes"]): Promise<PushEnd> {
    const iterator = pushes[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await iterator.next();
      if (done) return value;
      for (const [index, content, others = []] of value.fragments) {
        content.then(
          (node) => {
            for (const at of [index, ...others]) this.#store.show(refs[at]!, { node, versions: value.versions });
          },
          () => this.#store.fail(refs[index]!.token),
        );
      }
    }
  }

  /** The present call is over. */
  #finish({ release, call }: { release: Release; call: Call }, end: PushEnd | undefined, error: unknown): void {
    if (end === "replaced") {
      this.#state = { name: "refused", release, call };
      return;
    }
    this.#state = { name: "holding", release };
    if (end === "renew") return this.#sync();
    if (end === "restart") return void this.#later(restartJitterMs * Math.random());
    this.#store.setUnpushed("all");
    if (isUnknownAction(error)) {
      this.#state = { name: "over" };
      return release();
    }
    this.#failureCount += 1;
    this.#later(backoff(retryMs, this.#failureCount) * (0.5 + Math.random()));
  }

  #stop(): void {
    const state = this.#state;
    this.#state = { name: "idle" };
    if (state.name === "queueing") state.asking.abort();
    else if (state.name === "calling") {
      // Until the server has ended the call, it has a connection.
      const ended = this.#push({ tab: this.#tab, fragments: [] });
      ended.catch(() => {}).finally(state.release);
    } else if (state.name === "holding" || state.name === "refused") state.release();
  }
}

function inTime<T>(work: Promise<T>, limitMs: number): Promise<T> {
  return withTimeout(work, limitMs, () => {
    throw new Error(`No answer within ${limitMs} ms.`);
  });
}

/** Begins to push to this tab what it shows. */
export function startPushing(): void {
  processState(
    "push-client",
    () => new PushClient({ store: fragmentStore(), push: pushFragments, acquireSlot: acquirePushSlot }),
  );
}
