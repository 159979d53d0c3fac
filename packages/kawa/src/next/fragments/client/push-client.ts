import { unstable_isUnrecognizedActionError as isUnknownAction } from "next/navigation";
import { randomId } from "../../../browser/random-id.ts";
import { processState } from "../../../core/process/process-state.ts";
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
const retryMs = { first: 300, max: 5_000 } as const;
/** Tabs of a server that restarts come back one after the other. */
const restartSpreadMs = 1_000;
/** One that cannot be ended, because another server has it, and the one that took its place. */
const maxOpenCalls = 2;

type Call = { readonly key: string; readonly tokens: ReadonlySet<string> };

export type PushClientOptions = {
  store: FragmentStore;
  push: typeof pushFragments;
  acquireSlot: typeof acquirePushSlot;
};

/** Holds the one call of a tab that brings new content of all its fragments, while the tab is visible. */
export class PushClient {
  readonly #store: FragmentStore;
  readonly #push: typeof pushFragments;
  readonly #acquireSlot: typeof acquirePushSlot;
  readonly #tab = randomId();
  #call: Call | undefined;
  #openCalls = 0;
  #slot: "none" | AbortController | (() => void) = "none";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #retryMs: number = retryMs.first;
  /** The server runs another build. */
  #isOver = false;

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
    if (refs.length === 0) this.#stop();
    else if (this.#isOver) return;
    else if (this.#slot === "none") void this.#askForSlot();
    else if (typeof this.#slot === "function") this.#follow(refs);
  }

  async #askForSlot(): Promise<void> {
    const asking = (this.#slot = new AbortController());
    const tooLate = setTimeout(() => this.#store.setUnpushed("all"), slotLimitMs);
    asking.signal.addEventListener("abort", () => clearTimeout(tooLate));
    const release = await this.#acquireSlot(asking.signal);
    clearTimeout(tooLate);
    if (this.#slot !== asking) return release();
    this.#slot = release;
    this.#sync();
  }

  #follow(refs: readonly FragmentRef[]): void {
    const key = [this.#store.addCount, ...refs.map(({ token, render }) => `${render} ${token}`)].join();
    if (key === this.#call?.key) return;
    if (this.#openCalls < maxOpenCalls) void this.#run(key, refs.slice(0, maxFragments), refs.slice(maxFragments));
    else this.#store.setUnpushed(refs.map(({ token }) => token).filter((token) => !this.#call?.tokens.has(token)));
  }

  async #run(key: string, refs: readonly FragmentRef[], beyond: readonly FragmentRef[]): Promise<void> {
    const call = (this.#call = { key, tokens: new Set(refs.map(({ token }) => token)) });
    this.#openCalls += 1;
    let end: PushEnd | undefined;
    let error: unknown;
    try {
      const { unknown, pushes } = await inTime(this.#push({ tab: this.#tab, fragments: refs }), openLimitMs);
      if (this.#call === call) {
        this.#retryMs = retryMs.first;
        this.#store.setUnpushed([...unknown.map((index) => refs[index]!), ...beyond].map(({ token }) => token));
      }
      end = await inTime(this.#show(refs, pushes), maxPushMs + openLimitMs);
    } catch (thrown) {
      error = thrown;
    }
    this.#openCalls -= 1;
    if (this.#call === call) this.#finish(end, error);
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
  #finish(end: PushEnd | undefined, error: unknown): void {
    // Nothing of what is shown can be pushed by this server.
    if (end === "replaced") return;
    this.#call = undefined;
    if (end === "renew") return this.#sync();
    if (end === "restart") return void this.#later(restartSpreadMs * Math.random());
    this.#store.setUnpushed("all");
    if (isUnknownAction(error)) {
      this.#isOver = true;
      return;
    }
    this.#later(this.#retryMs * (0.5 + Math.random()));
    this.#retryMs = Math.min(this.#retryMs * 2, retryMs.max);
  }

  #stop(): void {
    const slot = this.#slot;
    this.#slot = "none";
    if (slot instanceof AbortController) slot.abort();
    if (this.#call) {
      this.#call = undefined;
      const ended = this.#push({ tab: this.#tab, fragments: [] });
      ended.catch(() => {}).finally(() => typeof slot === "function" && slot());
    } else if (typeof slot === "function") slot();
  }
}

async function inTime<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${limitMs} ms.`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Begins to push to this tab what it shows. */
export function startPushing(): void {
  processState(
    "push-client",
    () => new PushClient({ store: fragmentStore(), push: pushFragments, acquireSlot: acquirePushSlot }),
  );
}
