import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { onResponseClose } from "../../core/process/on-response-close.ts";
import { processState } from "../../core/process/process-state.ts";
import type { Exchange } from "../network/connections.ts";
import { networkSettings } from "../network/network.ts";
import { drainTimeoutMs, streamLimits } from "../limits/limits.ts";
import type { StreamOutput, StreamSource } from "./stream-output.ts";

const state = processState("socket-output", () => ({ isPossible: true }));

/**
 * Writes events straight to the connection. The answer of the route has a head and no body; once Next has ended it, the connection is ours:
 * for Next and Node the request is over, and nothing of it is kept. A stream is open for hours, and what Next and Node keep of an open
 * request takes several times as much memory as the connection.
 *
 * It rests on this: an answer with neither a length nor chunks ends with its connection, so Node calls `destroySoon()` of the socket
 * when it is finished. Where Node does not, and where something encodes answers, that stream ends and later ones go through the body
 * of the answer. `npm run test:canary` shows both with another version of Next.
 */
export class SocketOutput implements StreamOutput {
  readonly body = null;
  readonly #source: StreamSource;
  readonly #socket: Socket;
  /** What is written before the head of the answer. */
  #early: string | undefined = "";
  #hasEnded = false;

  /** False where the head has been sent, once a connection could not be taken over, and on Vercel, which may stop what has answered. */
  static isPossible({ response }: Exchange): boolean {
    return state.isPossible && !networkSettings().isVercel && !response.headersSent;
  }

  constructor(source: StreamSource, exchange: Exchange) {
    this.#source = source;
    this.#socket = exchange.socket;
    this.#socket.on("close", () => this.#source.onGone());
    this.#takeAfter(exchange);
  }

  get needsDrain(): boolean {
    return this.#early === undefined
      ? this.#socket.writableNeedDrain
      : this.#early.length >= streamLimits.maxEarlyLength;
  }

  get bufferedBytes(): number {
    return this.#early === undefined ? this.#socket.writableLength : this.#early.length;
  }

  write(text: string): void {
    if (this.#early === undefined) this.#socket.write(text);
    else this.#early += text;
  }

  end(): void {
    if (this.#early === undefined) this.#endSocket();
    else this.#hasEnded = true;
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Sends what is buffered, for as long as the browser reads, and closes the connection. */
  #endSocket(): void {
    this.#socket.setTimeout(drainTimeoutMs, () => this.#socket.destroy());
    this.#socket.end();
  }

  /** A closure that outlives this function would keep the response in memory. */
  #takeAfter({ response, socket }: Exchange): void {
    let isAnswered = false;
    response.removeHeader("content-length");
    response.removeHeader("transfer-encoding");
    const { destroySoon } = socket;
    socket.destroySoon = () => {
      isAnswered = true;
      socket.destroySoon = destroySoon;
      if (response.hasHeader("content-encoding")) state.isPossible = false;
      else if (isEventStream(response)) return this.#take();
      socket.destroySoon();
    };
    onResponseClose(response, () => {
      if (isAnswered || socket.destroyed) return;
      state.isPossible = false;
      socket.end();
    });
  }

  #take(): void {
    const socket = this.#socket;
    const early = this.#early!;
    this.#early = undefined;
    // Another request on this connection would be answered in the middle of the events.
    socket.removeAllListeners("data");
    socket.on("data", () => socket.destroy());
    socket.on("drain", () => this.#source.onDrain());
    socket.write(early);
    if (this.#hasEnded) this.#endSocket();
    else if (early.length >= streamLimits.maxEarlyLength && !this.needsDrain) this.#source.onDrain();
  }
}

/** A middleware or a proxy in this process may have answered instead of the route. */
function isEventStream(response: ServerResponse): boolean {
  return String(response.getHeader("content-type")).startsWith("text/event-stream");
}
