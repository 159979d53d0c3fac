import { randomId } from "../../browser/random-id.ts";
import type { Subscription } from "../protocol/stream-protocol.ts";
import { hold } from "./hold-lock.ts";
import { HostPulse } from "./host-pulse.ts";
import type { HostMessage, TabMessage, UpMessage } from "./stream-owner.ts";

/** A tab's end of the browser's stream. */
export type LivePort = {
  /** Says what the tab shows now. */
  announce(): void;
  /** Somebody else looks now: what streams of before still bring is for nobody. */
  renew(): void;
  /** Something suggests that the network is back, or that the browser was asleep. */
  revive(): void;
  close(): void;
};

export type LivePortOptions = {
  src: string;
  subscription: () => Subscription;
  onMessage: (message: HostMessage) => void;
};

/** How a tab speaks to whoever owns the stream. */
export type HostLink = { send(message: TabMessage): void; end(): void };

export type HostLinkOptions = {
  /** Tabs with the same name share a stream. */
  readonly name: string;
  readonly tab: string;
  readonly src: string;
  readonly onMessage: (message: HostMessage) => void;
  /** The other end knows nothing of this tab. */
  readonly onForgotten: () => void;
};

/** Changes with what tabs of one browser say to each other. */
const protocol = 2;

/** How long a host may take until it says something, in milliseconds: one that has hung or ended was loaded before. */
const startMs = 10_000;
const startAgainMs = 1_000;
const startAfterHangMs = 3_000;
/**
 * A host that says nothing may have been held up, or may have ended without that its lock is free yet: the same name is tried again. And
 * the browser may still know a worker that has ended, and connect to that, in vain or with an error.
 */
const triesAfterSilence = 1;
const triesAfterEnd = 4;
const againMs = 50;
/** Where nothing can be loaded, as after a deployment. */
const retryMs = 10_000;
/** Shared workers that hang before the tabs do without. */
const maxWorkers = 2;

/**
 * Shares one stream with the other tabs: through a shared worker, else through the tab that leads, else not at all. Whoever owns it may
 * end or hang: then there is another one, for all tabs notice it.
 */
export function openLivePort({ src, subscription, onMessage }: LivePortOptions): LivePort {
  const end = new AbortController();
  const { signal } = end;
  const tab = `kawa:${randomId()}`;
  let link: HostLink | undefined;
  /** Ends with the link. */
  let linked = new AbortController();
  /** Counts hosts that hang: nobody else gets their names while they do. */
  let generation = 0;
  let triesLeft = 0;
  let lock: string | undefined;
  let up: UpMessage | undefined;

  const announce = (): void => link?.send({ src, tab, subscription: subscription() });
  const pulse = new HostPulse({
    beat: () => link?.send({ src, tab, isBeat: true }),
    onDoubt: (isInDoubt) => onMessage((!isInDoubt && up) || { type: "up", isUp: false }),
    onLost: () => {
      if (triesLeft > 0) return tryAgain(triesLeft - 1);
      link?.send({ src, tab, subscription: null });
      generation += 1;
      loseHost();
      connect(startAfterHangMs);
    },
  });
  const receive = (message: HostMessage): void => {
    pulse.hear();
    triesLeft = triesAfterSilence;
    if (message.type === "up") up = message;
    if (message.type !== "here") return onMessage(message);
    if (message.lock) followLock(message.lock);
    if (!message.isKnown) announce();
    else if (!up && message.up) receive(message.up);
  };
  const followLock = (name: string): void => {
    if (name === lock) return;
    lock = name;
    const { signal: ended } = linked;
    navigator.locks
      .request(name, { signal: ended }, () => void (ended.aborted || tryAgain(triesAfterEnd)))
      .catch(() => {});
  };
  const leave = (): void => {
    linked.abort();
    pulse.stop();
    link?.end();
    link = lock = up = undefined;
  };
  const loseHost = (): void => {
    leave();
    onMessage({ type: "up", isUp: false });
  };
  const tryAgain = (left: number): void => {
    triesLeft = left;
    loseHost();
    setTimeout(() => connect(startAgainMs), againMs);
  };
  const connect = (withinMs: number): void => {
    linked.abort();
    if (signal.aborted) return;
    linked = new AbortController();
    const { signal: ended } = linked;
    const options: HostLinkOptions = {
      name: `kawa:${protocol}:${process.env.NEXT_DEPLOYMENT_ID ?? ""}:${src}${generation ? `:${generation}` : ""}`,
      tab,
      src,
      onMessage: (message) => ended.aborted || receive(message),
      onForgotten: announce,
    };
    const adopt = (made: HostLink): void => {
      if (ended.aborted) return made.end();
      link = made;
      pulse.start(withinMs);
      announce();
    };
    const connectOtherwise = (): void => {
      if (ended.aborted) return;
      link?.end();
      link = undefined;
      pulse.stop();
      import("./tab-leader.ts").then(
        ({ openWithoutWorker }) => adopt(openWithoutWorker(options)),
        () => {
          onMessage({ type: "up", isUp: false });
          onMessage({ type: "problem", problem: "what keeps pages live could not be loaded" });
          setTimeout(() => ended.aborted || connect(startMs), retryMs);
        },
      );
    };
    try {
      const onError = (): void => {
        if (triesLeft === 0) connectOtherwise();
        else if (!ended.aborted) tryAgain(triesLeft - 1);
      };
      if (generation < maxWorkers) adopt(connectWorker(options, onError));
      else connectOtherwise();
    } catch {
      // The browser has none, or allows none here.
      connectOtherwise();
    }
  };
  // Whoever owns the stream waits for this lock to learn that the tab is gone, so it is held before the tab says anything.
  if (navigator.locks) hold(tab, signal, () => connect(startMs));
  else connect(startMs);

  return {
    announce,
    renew: () => link?.send({ src, tab, subscription: subscription(), isRenewed: true }),
    revive() {
      link?.send({ src, tab });
      pulse.wake();
    },
    close() {
      end.abort();
      link?.send({ src, tab, subscription: null });
      leave();
    },
  };
}

function connectWorker({ name, onMessage }: HostLinkOptions, onError: () => void): HostLink {
  // Turbopack and webpack know this form, and put what the worker holds into the worker's address: another build has another one.
  const worker = new SharedWorker(new URL("./shared-worker.ts", import.meta.url), { type: "module", name });
  const { port } = worker;
  // It could not be loaded: after a deployment, or where a content security policy does not allow it.
  worker.onerror = onError;
  port.onmessage = ({ data }: MessageEvent<HostMessage>) => onMessage(data);
  return { send: (message) => port.postMessage(message), end: () => port.close() };
}
