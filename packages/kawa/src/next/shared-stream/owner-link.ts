import type { OwnerMessage, TabMessage } from "./owner-protocol.ts";

/** How a tab speaks to the owner of the stream. */
export type OwnerLink = { send(message: TabMessage): void; end(): void };

export type OwnerLinkOptions = {
  /** Tabs with the same name share a stream. */
  readonly name: string;
  readonly tab: string;
  readonly src: string;
  readonly onMessage: (message: OwnerMessage) => void;
  /** The owner is another one than before, and knows nothing of this tab. */
  readonly onForgotten: () => void;
  /** The owner cannot be loaded: after a deployment, or where a content security policy does not allow it. */
  readonly onError: () => void;
};

/**
 * Has a shared worker own the stream.
 *
 * @throws where the browser has none, or allows none here
 */
export function linkToWorker({ name, onMessage, onError }: OwnerLinkOptions): OwnerLink {
  // Turbopack and webpack know this form, and put what the worker holds into the worker's address: another build has another one.
  const worker = new SharedWorker(new URL("./shared-worker.ts", import.meta.url), { type: "module", name });
  const { port } = worker;
  worker.onerror = onError;
  port.onmessage = ({ data }: MessageEvent<OwnerMessage>) => onMessage(data);
  return { send: (message) => port.postMessage(message), end: () => port.close() };
}
