import type { RequestMessage, ServerFrame, ServerMessage, Socket } from "../wire/protocol.ts";
import { RequestFrames } from "./request-frames.ts";

const seenMessage = JSON.stringify({ id: 0, type: "seen", body: {} });

export type FrameSocketEvents = {
  /** Called once a frame, before its messages. */
  readonly onFrame: () => void;
  readonly onMessage: (message: ServerMessage) => void;
  /** `code` is that of the close frame; undefined where the socket has failed. */
  readonly onClose: (code: number | undefined) => void;
};

/** The server's end of the protocol: frames of requests go out, frames of messages come in, and each of these is acknowledged. */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #events: FrameSocketEvents;
  readonly #requests = new RequestFrames((frame) => this.#sendFrame(frame));
  /** Since the last frame nothing was sent: its acknowledgement is still owed. */
  #owesAcknowledgement = false;
  #isClosed = false;

  constructor(socket: Socket, events: FrameSocketEvents) {
    this.#socket = socket;
    this.#events = events;
    socket.addEventListener("message", ({ data }) => this.#receive(String(data)));
    socket.addEventListener("close", ({ code }) => events.onClose(code));
    socket.addEventListener("error", () => events.onClose(undefined));
  }

  /** See {@link RequestFrames.beginFrames}. */
  beginFrames(): void {
    this.#requests.beginFrames();
  }

  send(request: RequestMessage): void {
    this.#requests.add(request);
  }

  close(): void {
    this.#isClosed = true;
    this.#requests.close();
    try {
      this.#socket.close(1000);
    } catch {
      // The other side has closed it.
    }
  }

  #sendFrame(frame: string): void {
    if (this.#isClosed) return;
    this.#owesAcknowledgement = false;
    try {
      this.#socket.send(frame);
    } catch {
      // It has closed, and does not say so.
      this.#events.onClose(undefined);
    }
  }

  #acknowledge(): void {
    if (this.#owesAcknowledgement && !this.#requests.isWaiting) this.#sendFrame(seenMessage);
  }

  #receive(data: string): void {
    this.#events.onFrame();
    for (const message of JSON.parse(data) as ServerFrame) {
      if ("id" in message) this.#requests.onAnswer(message.id);
      this.#events.onMessage(message);
    }
    this.#owesAcknowledgement = true;
    // Any request that is sent meanwhile carries the acknowledgement. Whoever goes on after this frame writes at the end of the next turn.
    setImmediate(() => setImmediate(() => this.#acknowledge()));
  }
}
