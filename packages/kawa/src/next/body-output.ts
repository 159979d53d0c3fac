import type { StreamOutput, StreamSource } from "./stream-output.ts";

const encoder = new TextEncoder();

/** Writes events to the body of an answer. */
export class BodyOutput implements StreamOutput, UnderlyingDefaultSource<Uint8Array> {
  readonly body: ReadableStream<Uint8Array>;
  readonly #source: StreamSource;
  #controller!: ReadableStreamDefaultController<Uint8Array>;

  constructor(source: StreamSource) {
    this.#source = source;
    this.body = new ReadableStream<Uint8Array>(this);
  }

  /** Of the body. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
  }

  /** Of the body: the browser reads. */
  pull(): void {
    this.#source.onRead();
  }

  /** Of the body: the browser has gone. */
  cancel(): void {
    this.#source.onGone();
  }

  get isRead(): boolean {
    return this.#controller.desiredSize! > 0;
  }

  write(text: string): void {
    this.#controller.enqueue(encoder.encode(text));
  }

  end(): void {
    try {
      this.#controller.close();
    } catch {
      // Ended, or cancelled.
    }
  }
}
