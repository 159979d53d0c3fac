import type { AskingClient } from "../network/asking-client.ts";
import type { Exchange } from "../network/connections.ts";
import type { StreamRequest } from "../protocol/stream-protocol.ts";
import type { RenewPresenceOptions } from "./renew-presence.ts";
import type { ValueFeedOptions } from "./value-feed.ts";

/** What streams of one route have in common. */
export type StreamTimes = {
  /** Longest time without an event. @default what `heartbeatGapMs` says */
  readonly pingIntervalMs: number | undefined;
  readonly maxDurationMs: number | undefined;
  readonly maxSpreadMs: number;
};

export type EventStreamOptions = {
  readonly request: StreamRequest;
  /** What the browser is told of it. */
  readonly build?: string | undefined;
  /** The request and the connection of the stream, where they are known. */
  readonly exchange?: Exchange | undefined;
  /** The stream stays a request of Next for as long as it is open, on no connection of its own. */
  readonly isRequest?: boolean | undefined;
  readonly client: AskingClient;
  readonly times: StreamTimes;
  /** When the session that opened the stream ends, in milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
  /** Values that it carries; none when undefined. */
  readonly values?: Pick<ValueFeedOptions, "signals" | "asOpener"> | undefined;
  /** Ephemeral signals that live for as long as it is open; none when undefined. */
  readonly kept?: RenewPresenceOptions | undefined;
  /** Tabs that get less than they ask for. */
  readonly limited?: ReadonlySet<string> | undefined;
};
