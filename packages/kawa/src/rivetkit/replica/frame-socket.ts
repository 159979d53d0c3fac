import type { RequestMessage, ServerFrame, ServerMessage, Socket } from "../wire/protocol.ts";

const seenMessage = JSON.stringify({ id: 0, type: "seen", body: {} });

export type FrameSocketEvents = {
  /** Called once a frame, before its messages. */
  readonly onFrame: () => void;
  readonly onMessage: (message: ServerMessage) => void;
  /** `code` is that of the close frame; undefined where the socket has failed. */
  readonly onClose: (code: number | undefined) => void;
};

/** The server's end of the protocol: requests go out, frames of messages come in, and each frame is acknowledged. */
export class FrameSocket {
  readonly #socket: Socket;
  readonly #events: FrameSocketEvents;
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

  send(request: RequestMessage): void {
    this.#socket.send(JSON.stringify(request));
    this.#owesAcknowledgement = false;
  }

  close(): void {
    this.#isClosed = true;
    try {
      this.#socket.close(1000);
    } catch {
      // The other side has closed it.
    }
  }

  #receive(data: string): void {
    this.#events.onFrame();
    for (const message of JSON.parse(data) as ServerFrame) this.#events.onMessage(message);
    this.#owesAcknowledgement = true;
    // Any request that is sent meanwhile carries the acknowledgement.
    setImmediate(() => {
      if (this.#owesAcknowledgement && !this.#isClosed) this.#socket.send(seenMessage);
    });
  }
}
