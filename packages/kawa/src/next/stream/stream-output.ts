import { BodyOutput } from "./body-output.ts";
import type { Exchange } from "../network/connections.ts";
import { SocketOutput } from "./socket-output.ts";

/** Where the events of one stream go. */
export interface StreamOutput {
  /** That of the route's answer. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** False while the browser does not read: what is written all the same is kept. */
  readonly isRead: boolean;
  /** Bytes, or characters, that are kept. */
  readonly unreadBytes: number;
  write(text: string): void;
  /** Ends when all that was written is read, or nobody has read anything for a while. Idempotent. */
  end(): void;
  /** Ends at once. Idempotent. */
  destroy(): void;
}

/** Who writes the events. */
export interface StreamSource {
  /** The browser reads, or reads again. */
  onRead(): void;
  /** The browser has gone. */
  onGone(): void;
}

/**
 * Straight to the connection where that is possible, which takes a fraction of the memory; else, and for what is to stay a request,
 * through the body of an answer.
 */
export function openOutput(source: StreamSource, exchange: Exchange | undefined, isRequest = false): StreamOutput {
  const isDirect = exchange && !isRequest && SocketOutput.isPossible(exchange);
  return isDirect ? new SocketOutput(source, exchange) : new BodyOutput(source, exchange?.socket);
}
