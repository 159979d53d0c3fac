import { holdLock } from "./hold-lock.ts";
import type { OwnerLink, OwnerLinkOptions } from "./owner-link.ts";
import type { OwnerMessage, TabMessage } from "./owner-protocol.ts";
import { StreamOwner } from "./stream-owner.ts";

const newLeader = "leader";

/** Opens the stream in a browser without shared workers. Most browsers never load this module. */
export function openWithoutWorker(options: OwnerLinkOptions): OwnerLink {
  return navigator.locks && globalThis.BroadcastChannel ? joinTabs(options) : openAlone(options);
}

/** The tab that holds the lock owns the stream. When it is gone, the next one gets the lock and asks all tabs what they show. */
function joinTabs({ name, tab, src, onMessage, onForgotten }: OwnerLinkOptions): OwnerLink {
  const channel = new BroadcastChannel(name);
  const end = new AbortController();
  let owner: StreamOwner | undefined;
  const handle = (said: TabMessage): void =>
    owner?.handle(said, (message) => {
      if (said.tab === tab) onMessage(message);
      else channel.postMessage({ to: said.tab, message });
    });
  channel.onmessage = ({
    data,
  }: MessageEvent<TabMessage | { to: string; message: OwnerMessage } | typeof newLeader>) => {
    if (data === newLeader) onForgotten();
    else if ("tab" in data) handle(data);
    else if (data.to === tab) onMessage(data.message);
  };
  holdLock(name, end.signal, () => {
    owner = new StreamOwner(src);
    onForgotten();
    channel.postMessage(newLeader);
  });
  return {
    send: (message) => (owner ? handle(message) : channel.postMessage(message)),
    end() {
      end.abort();
      owner?.close();
      channel.close();
    },
  };
}

function openAlone({ src, onMessage }: OwnerLinkOptions): OwnerLink {
  const owner = new StreamOwner(src);
  return { send: (message) => owner.handle(message, onMessage), end: () => owner.close() };
}
