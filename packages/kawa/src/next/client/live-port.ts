import { randomId } from "../../core/browser/random-id.ts";
import type { Subscription } from "../stream-protocol.ts";
import { hold } from "./hold-lock.ts";
import type { HostMessage, TabMessage } from "./live-host.ts";

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
const protocol = 1;

/** Shares one stream with the other tabs: through a shared worker, else through the tab that leads, else not at all. */
export function openLivePort({ src, subscription, onMessage }: LivePortOptions): LivePort {
  const end = new AbortController();
  const { signal } = end;
  const tab = `kawa:${randomId()}`;
  let link: HostLink | undefined;

  const announce = (): void => link?.send({ src, tab, subscription: subscription() });
  const options: HostLinkOptions = {
    name: `kawa:${protocol}:${process.env.NEXT_DEPLOYMENT_ID ?? ""}:${src}`,
    tab,
    src,
    onMessage,
    onForgotten: announce,
  };
  const adopt = (made: HostLink): void => {
    if (signal.aborted) return made.end();
    link = made;
    announce();
  };
  const connectOtherwise = (): void =>
    void import("./live-fallback.ts").then(({ openWithoutWorker }) => adopt(openWithoutWorker(options)));
  const connect = (): void => {
    try {
      adopt(connectWorker(options, connectOtherwise));
    } catch {
      // The browser has none, or allows none here.
      connectOtherwise();
    }
  };
  // Whoever owns the stream waits for this lock to learn that the tab is gone, so it is held before the tab says anything.
  if (navigator.locks) hold(tab, signal, connect);
  else connect();

  return {
    announce,
    renew: () => link?.send({ src, tab, subscription: subscription(), isRenewed: true }),
    revive: () => link?.send({ src, tab }),
    close() {
      link?.send({ src, tab, subscription: null });
      link?.end();
      end.abort();
    },
  };
}

function connectWorker({ name, onMessage }: HostLinkOptions, onError: () => void): HostLink {
  // Turbopack and webpack know this form, and put what the worker holds into the worker's address: another build has another one.
  const worker = new SharedWorker(new URL("./live-worker.ts", import.meta.url), { type: "module", name });
  const { port } = worker;
  // It could not be loaded: after a deployment, or where a content security policy does not allow it.
  worker.onerror = onError;
  port.onmessage = ({ data }: MessageEvent<HostMessage>) => onMessage(data);
  return { send: (message) => port.postMessage(message), end: () => port.close() };
}
