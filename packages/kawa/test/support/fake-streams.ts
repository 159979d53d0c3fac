import { vi } from "vitest";
import type { StreamRequest } from "../../src/next/protocol/stream-protocol.ts";

/** One request for a stream, answered by the test. */
class FakeStream {
  readonly url: string;
  readonly init: RequestInit;
  readonly response: Promise<Response>;
  readonly #answer: (response: Response) => void;
  readonly #refuse: (error: Error) => void;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(url: string, init: RequestInit) {
    this.url = url;
    this.init = init;
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    this.response = promise;
    this.#answer = resolve;
    this.#refuse = reject;
    init.signal!.addEventListener("abort", () => {
      reject(new Error("aborted"));
      this.#controller?.error(new Error("aborted"));
    });
  }

  get isAborted(): boolean {
    return this.init.signal!.aborted;
  }

  get request(): StreamRequest {
    return JSON.parse(this.init.body as string) as StreamRequest;
  }

  async send(name: string, data: unknown): Promise<void> {
    await this.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async write(text: string): Promise<void> {
    if (!this.#controller) {
      this.#answer(
        new Response(new ReadableStream<Uint8Array>({ start: (controller) => void (this.#controller = controller) })),
      );
    }
    this.#controller!.enqueue(new TextEncoder().encode(text));
    await settle();
  }

  async end(): Promise<void> {
    this.#controller!.close();
    await settle();
  }

  async refuse(status: number, headers: Record<string, string>): Promise<void> {
    this.#answer(new Response("", { status, headers }));
    await settle();
  }

  async fail(): Promise<void> {
    this.#refuse(new TypeError("Failed to fetch"));
    this.#controller?.error(new TypeError("network error"));
    await settle();
  }
}

/** Takes the place of `fetch`. */
export class FakeStreams {
  readonly all: FakeStream[] = [];
  /** What was said without opening a stream. */
  readonly reports: StreamRequest[] = [];

  constructor() {
    vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
      if (!init.signal) {
        this.reports.push(JSON.parse(init.body as string) as StreamRequest);
        return new Response(null, { status: 204 });
      }
      const stream = new FakeStream(url, init);
      this.all.push(stream);
      return stream.response;
    });
  }

  get last(): FakeStream {
    return this.all.at(-1)!;
  }

  get open(): readonly FakeStream[] {
    return this.all.filter(({ isAborted }) => !isAborted);
  }

  restore(): void {
    vi.unstubAllGlobals();
  }
}

/** Streams hand their pieces on in several turns, some of them not of promises alone. */
export async function settle(): Promise<void> {
  for (let n = 0; n < 5; n += 1) {
    await new Promise<void>((resolve) => process.nextTick(resolve));
    await vi.advanceTimersByTimeAsync(0);
  }
}
