import type { Subscription } from "../stream-protocol.ts";
import { type HostMessage, LiveHost, type TabMessage } from "./live-host.ts";

/** A tab's end of the browser's stream. */
export type LivePort = {
  /** Says what the tab shows now. */
  announce(): void;
  /** Something suggests that the network is back, or that the browser was asleep. */
  revive(): void;
  close(): void;
};

export type LivePortOptions = {
  src: string;
  subscription: () => Subscription;
  onMessage: (message: HostMessage) => void;
};

/** Changes with what tabs of one browser say to each other. */
const protocol = 1;
const newLeader = "leader";

/** A way to the stream: sends what the tab says. Returns its end. */
type Way = { send(message: TabMessage): void; end(): void };
type WayOptions = {
  readonly name: string;
  readonly tab: string;
  readonly src: string;
  readonly onMessage: (message: HostMessage) => void;
  /** The other end knows nothing of this tab. */
  readonly onForgotten: () => void;
};

/** Shares one stream with the other tabs: through a shared worker, else through the tab that leads, else not at all. */
export function openLivePort({ src, subscription, onMessage }: LivePortOptions): LivePort {
  const { locks } = navigator;
  const end = new AbortController();
  const name = `kawa:${protocol}:${process.env.NEXT_DEPLOYMENT_ID ?? ""}:${src}`;
  const tab = `kawa:${Math.random().toString(36).slice(2)}`;
  let way: Way | undefined;

  const announce = (): void => way?.send({ src, tab, subscription: subscription() });
  const options: WayOptions = { name, tab, src, onMessage, onForgotten: announce };
  const openLocked = (): Way => (locks && globalThis.BroadcastChannel ? joinTabs(options) : openAlone(options));

  const open = (): void => {
    if (end.signal.aborted) return;
    try {
      way = connectWorker(options, () => {
        way = openLocked();
        announce();
      });
    } catch {
      way = openLocked();
    }
    announce();
  };
  // Whoever owns the stream waits for this lock to learn that the tab is gone, so it is held before the tab says anything.
  if (locks) hold(tab, end.signal, open);
  else open();

  return {
    announce,
    revive: () => way?.send({ src, tab }),
    close() {
      way?.send({ src, tab, subscription: null });
      way?.end();
      end.abort();
    },
  };
}

function connectWorker({ name, onMessage }: WayOptions, onError: () => void): Way {
  // Turbopack and webpack know this form, and put what the worker holds into the worker's address: another build has another one.
  const worker = new SharedWorker(new URL("./live-worker.ts", import.meta.url), { type: "module", name });
  const { port } = worker;
  // It could not be loaded: after a deployment, or where a content security policy does not allow it.
  worker.onerror = onError;
  port.onmessage = ({ data }: MessageEvent<HostMessage>) => onMessage(data);
  return { send: (message) => port.postMessage(message), end: () => port.close() };
}

/** The tab that holds the lock owns the stream. When it is gone, the next one gets the lock and asks all tabs what they show. */
function joinTabs({ name, tab, src, onMessage, onForgotten }: WayOptions): Way {
  const channel = new BroadcastChannel(name);
  const end = new AbortController();
  let host: LiveHost | undefined;
  const handle = (said: TabMessage): void =>
    host?.handle(said, (message) => {
      if (said.tab === tab) onMessage(message);
      else channel.postMessage({ to: said.tab, message });
    });
  channel.onmessage = ({ data }: MessageEvent<TabMessage | { to: string; message: HostMessage } | typeof newLeader>) => {
    if (data === newLeader) onForgotten();
    else if ("tab" in data) handle(data);
    else if (data.to === tab) onMessage(data.message);
  };
  hold(name, end.signal, () => {
    host = new LiveHost(src);
    onForgotten();
    channel.postMessage(newLeader);
  });
  return {
    send: (message) => (host ? handle(message) : channel.postMessage(message)),
    end() {
      end.abort();
      host?.close();
      channel.close();
    },
  };
}

function openAlone({ src, onMessage }: WayOptions): Way {
  const host = new LiveHost(src);
  return { send: (message) => host.handle(message, onMessage), end: () => host.close() };
}

/** Calls `onHeld` once this tab has the lock, and holds it until the signal. */
function hold(name: string, signal: AbortSignal, onHeld: () => void): void {
  navigator.locks
    .request(name, { signal }, () => {
      onHeld();
      return new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    })
    .catch(() => {
      // Aborted before its turn.
    });
}
