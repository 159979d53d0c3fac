import { BodyOutput } from "./body-output.ts";
import type { Exchange } from "../network/connections.ts";
import { SocketOutput } from "./socket-output.ts";

/** Where the events of one stream go. */
export interface StreamOutput {
  /** The body of the route's answer. */
  readonly body: ReadableStream<Uint8Array> | null;
  /** True under backpressure, when the browser reads too slowly: what is written all the same is buffered. */
  readonly needsDrain: boolean;
  /** Bytes, or characters. */
  readonly bufferedBytes: number;
  write(text: string): void;
  /** Ends when all that was written is read, or when nothing was read for `drainTimeoutMs`. Idempotent. */
  end(): void;
  /** Ends at once. Idempotent. */
  destroy(): void;
}

/** What writes the events. */
export interface StreamSource {
  /** The browser reads, or has drained what was buffered. */
  onDrain(): void;
  /** The browser has gone. */
  onGone(): void;
}

/**
 * Writes straight to the connection where that is possible, which takes a fraction of the memory. Otherwise, and for what has to stay
 * a request, it writes to the body of the answer.
 */
export function openOutput(source: StreamSource, exchange: Exchange | undefined, isRequest = false): StreamOutput {
  const isDirect = exchange && !isRequest && SocketOutput.isPossible(exchange);
  return isDirect ? new SocketOutput(source, exchange) : new BodyOutput(source, exchange?.socket);
}
