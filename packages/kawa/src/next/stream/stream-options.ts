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
  /** The answer of which it is, where that is known. */
  readonly exchange?: Exchange | undefined;
  /** It stays a request for as long as it is open. */
  readonly isRequest?: boolean | undefined;
  readonly client: AskingClient;
  readonly times: StreamTimes;
  /** Time in milliseconds since the epoch at which the identity ends that opened the stream. */
  readonly expiresAt: number | undefined;
  /** Values that it carries; none when undefined. */
  readonly values?: Pick<ValueFeedOptions, "signals" | "asOpener"> | undefined;
  /** Ephemeral signals that live for as long as it is open; none when undefined. */
  readonly kept?: RenewPresenceOptions | undefined;
  /** Tabs that do not get all that they ask for. */
  readonly limited?: ReadonlySet<string> | undefined;
};
