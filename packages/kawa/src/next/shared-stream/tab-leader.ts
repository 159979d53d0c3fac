import { hold } from "./hold-lock.ts";
import { type HostMessage, LiveHost, type TabMessage } from "./stream-owner.ts";
import type { HostLink, HostLinkOptions } from "./connect-tab.ts";

const newLeader = "leader";

/** For browsers without shared workers. Most never load this. */
export function openWithoutWorker(options: HostLinkOptions): HostLink {
  return navigator.locks && globalThis.BroadcastChannel ? joinTabs(options) : openAlone(options);
}

/** The tab that holds the lock owns the stream. When it is gone, the next one gets the lock and asks all tabs what they show. */
function joinTabs({ name, tab, src, onMessage, onForgotten }: HostLinkOptions): HostLink {
  const channel = new BroadcastChannel(name);
  const end = new AbortController();
  let host: LiveHost | undefined;
  const handle = (said: TabMessage): void =>
    host?.handle(said, (message) => {
      if (said.tab === tab) onMessage(message);
      else channel.postMessage({ to: said.tab, message });
    });
  channel.onmessage = ({
    data,
  }: MessageEvent<TabMessage | { to: string; message: HostMessage } | typeof newLeader>) => {
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

function openAlone({ src, onMessage }: HostLinkOptions): HostLink {
  const host = new LiveHost(src);
  return { send: (message) => host.handle(message, onMessage), end: () => host.close() };
}
