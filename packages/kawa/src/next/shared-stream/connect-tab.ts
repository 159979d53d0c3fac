import { randomId } from "../../browser/random-id.ts";
import type { Subscription } from "../protocol/stream-protocol.ts";
import { holdLock } from "./hold-lock.ts";
import { OwnerHeartbeat } from "./owner-heartbeat.ts";
import { linkToWorker, type OwnerLink, type OwnerLinkOptions } from "./owner-link.ts";
import { type OwnerMessage, ownerProtocol, type TabMessage, type UpMessage } from "./owner-protocol.ts";

/** A tab's end of the browser's stream. */
export type TabPort = {
  /** Tells the owner what the tab shows now. */
  announce(): void;
  /** Another session looks now: what streams of the session before still bring is dropped. */
  renew(): void;
  /** Something suggests that the network is back, or that the browser was asleep. */
  revive(): void;
  close(): void;
};

type ConnectTabOptions = {
  src: string;
  subscription: () => Subscription;
  onMessage: (message: OwnerMessage) => void;
};

/**
 * How long an owner may take until it says something, in milliseconds. One that is silent may have ended while it was loaded, so another one
 * takes its place before 5 s are over. After an owner has ended or hung, its code is in the cache: then less.
 */
const startMs = 4_000;
const startAgainMs = 1_000;
const startAfterHangMs = 3_000;
/**
 * How often an owner's name is tried again. An owner that says nothing may be held up, or may have ended while its lock is not free yet.
 * And the browser may connect to a worker that has ended: then no answer comes, or an error.
 */
const triesAfterSilence = 1;
const triesAfterEnd = 4;
const againMs = 50;
/** The owner's code cannot be loaded, as while the server restarts, or after a deployment: it is tried again after this long. */
const retryMs = 3_000;
/** After this many shared workers have hung, the tabs do without them. */
const maxWorkers = 2;

type Joined = {
  readonly name: "joined";
  readonly link: OwnerLink;
  /** Aborted once the tab leaves this owner: what it still says is dropped. */
  readonly left: AbortController;
  /** The tab gets this lock when the owner has ended. */
  lock?: string;
  up?: UpMessage;
};

type State = Joined | { readonly name: "waiting" | "loading" | "closed"; link?: never; left?: never; up?: never };

/**
 * Shares one stream with the other tabs: through a shared worker, else through the tab that leads, else not at all. The owner may end or
 * hang: then all tabs notice it, and agree on another one.
 *
 *     waiting ── own lock held, time for the next try ─▶ joined (a worker) ── ended, hangs, error ─▶ waiting
 *        │                                                  │
 *        │ no worker is possible          cannot be loaded  │
 *        ▼                                                  │
 *     loading ◀─────────────────────────────────────────────┘
 *        │ ├── loaded ─▶ joined (a tab) ── ended, hangs ─▶ waiting
 *        │ └── not loaded ─▶ waiting, for 3 s
 *
 * `close` leads to closed from everywhere, which is the end.
 */
export function connectTab({ src, subscription, onMessage }: ConnectTabOptions): TabPort {
  const end = new AbortController();
  const tab = `kawa:${randomId()}`;
  let state: State = { name: "waiting" };
  /** How many owners have hung. A hung owner keeps its name, so the next one gets another name. */
  let hungCount = 0;
  let triesLeft = 0;

  const send = (message: Omit<TabMessage, "src" | "tab">): void => state.link?.send({ src, tab, ...message });
  const announce = (): void => send({ subscription: subscription() });
  const heartbeat = new OwnerHeartbeat({
    beat: () => send({ isBeat: true }),
    onDoubt: (isInDoubt) => onMessage((!isInDoubt && state.up) || down),
    onLost: () => {
      if (triesLeft > 0) return tryAgain(triesLeft - 1);
      send({ subscription: null });
      hungCount += 1;
      lose();
      connect(startAfterHangMs);
    },
  });
  const receive = (message: OwnerMessage): void => {
    heartbeat.hear();
    triesLeft = triesAfterSilence;
    const joined = state as Joined;
    if (message.type === "up") joined.up = message;
    if (message.type !== "here") return onMessage(message);
    if (message.lock) followLock(joined, message.lock);
    if (!message.isKnown) announce();
    else if (!joined.up && message.up) receive(message.up);
  };
  const followLock = (joined: Joined, name: string): void => {
    if (name === joined.lock) return;
    joined.lock = name;
    const { signal } = joined.left;
    navigator.locks.request(name, { signal }, () => void (signal.aborted || tryAgain(triesAfterEnd))).catch(() => {});
  };
  const leave = (name: "waiting" | "loading" | "closed"): void => {
    heartbeat.stop();
    state.left?.abort();
    state.link?.end();
    state = { name };
  };
  const lose = (): void => {
    leave("waiting");
    onMessage(down);
  };
  const tryAgain = (left: number): void => {
    triesLeft = left;
    lose();
    setTimeout(() => connect(startAgainMs), againMs);
  };
  const join = (withinMs: number, open: (options: OwnerLinkOptions) => OwnerLink): void => {
    const left = new AbortController();
    const link = open({
      name: `kawa:${ownerProtocol}:${process.env.NEXT_DEPLOYMENT_ID ?? ""}:${src}${hungCount ? `:${hungCount}` : ""}`,
      tab,
      src,
      onMessage: (message) => left.signal.aborted || receive(message),
      onForgotten: announce,
      onError: () => left.signal.aborted || (triesLeft > 0 ? tryAgain(triesLeft - 1) : loadLeader(withinMs)),
    });
    state = { name: "joined", link, left };
    heartbeat.start(withinMs);
    announce();
  };
  const connect = (withinMs: number): void => {
    if (state.name !== "waiting") return;
    try {
      if (hungCount < maxWorkers) return join(withinMs, linkToWorker);
    } catch {
      // The browser has no workers, or allows none here.
    }
    loadLeader(withinMs);
  };
  const loadLeader = (withinMs: number): void => {
    leave("loading");
    import("./tab-leader.ts").then(
      ({ openWithoutWorker }) => state.name === "loading" && join(withinMs, openWithoutWorker),
      () => {
        if (state.name !== "loading") return;
        lose();
        onMessage({ type: "problem", problem: "what keeps pages live could not be loaded" });
        setTimeout(() => connect(startMs), retryMs);
      },
    );
  };
  // The owner waits for this lock to learn that the tab is gone, so it is held before the tab says anything.
  if (navigator.locks) holdLock(tab, end.signal, () => connect(startMs));
  else connect(startMs);

  return {
    announce,
    renew: () => send({ subscription: subscription(), isRenewed: true }),
    revive() {
      send({});
      heartbeat.wake();
    },
    close() {
      end.abort();
      send({ subscription: null });
      leave("closed");
    },
  };
}

const down: UpMessage = { type: "up", isUp: false };
