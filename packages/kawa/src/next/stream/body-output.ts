import type { Socket } from "node:net";
import { drainTimeoutMs } from "../limits/limits.ts";
import type { StreamOutput, StreamSource } from "./stream-output.ts";

const encoder = new TextEncoder();

/** Writes events to the body of an answer. */
export class BodyOutput implements StreamOutput, UnderlyingDefaultSource<Uint8Array> {
  readonly body: ReadableStream<Uint8Array>;
  readonly #source: StreamSource;
  readonly #socket: Socket | undefined;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #bufferedBytes = 0;

  /** @param socket the connection, where that is known */
  constructor(source: StreamSource, socket: Socket | undefined) {
    this.#source = source;
    this.#socket = socket;
    this.body = new ReadableStream<Uint8Array>(this);
  }

  /** Called by the body. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /** Called by the body when the browser reads. */
  pull(): void {
    this.#bufferedBytes = 0;
    this.#source.onDrain();
  }

  /** Called by the body when the browser has gone. */
  cancel(): void {
    this.#source.onGone();
  }

  get needsDrain(): boolean {
    return this.#controller.desiredSize! <= 0;
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  write(text: string): void {
    this.#bufferedBytes += text.length;
    this.#controller.enqueue(encoder.encode(text));
  }

  end(): void {
    this.#socket?.setTimeout(drainTimeoutMs, () => this.destroy());
    try {
      this.#controller.close();
    } catch {
      // Ended, or cancelled.
    }
  }

  destroy(): void {
    if (this.#socket) this.#socket.destroy();
    // What is buffered is dropped.
    else this.#controller.error(new Error("The browser has stopped reading."));
  }
}
