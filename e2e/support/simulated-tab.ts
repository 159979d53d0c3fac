import { setTimeout as sleep } from "node:timers/promises";
import type {
  StreamEventName,
  StreamEvents,
  StreamRequest,
} from "../../packages/kawa/src/next/protocol/stream-protocol.ts";

type Shown = { readonly render: string; readonly versions: string; readonly count: number };

const retryMs = 100;
const maxSearches = 3;

/** A browser with one tab, as far as a server can tell: renders, listens, renders again when told to. */
export class SimulatedTab {
  renderCount = 0;
  /** When its streams were opened, as times of `performance.now()`. */
  readonly openedAt: number[] = [];
  readonly #url: string;
  readonly #path: string;
  readonly #ended = new AbortController();
  #shown: Shown | undefined;
  #token: string | undefined;
  #isOpen = false;
  #searchCount = 0;
  #done: Promise<void> = Promise.resolve();

  constructor(url: string, path: string) {
    this.#url = url;
    this.#path = path;
  }

  /** The number in the page's output. */
  get count(): number | undefined {
    return this.#shown?.count;
  }

  /** True while a server has greeted the stream and not ended it. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  start(): void {
    this.#done = this.#live();
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#done;
  }

  async #live(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      try {
        this.#shown ??= await this.#render();
        await this.#listen();
      } catch {
        if (!this.#ended.signal.aborted) await sleep(retryMs * Math.random());
      }
      this.#isOpen = false;
    }
  }

  async #render(): Promise<Shown> {
    const response = await fetch(`${this.#url}${this.#path}`, { signal: this.#ended.signal });
    const html = await response.text();
    if (response.status !== 200) throw new Error(`The page was answered with ${response.status}.`);
    this.renderCount += 1;
    this.#searchCount = 0;
    const text = html.replaceAll("\\", "");
    // Not what stands for a promise, such as "$@1f".
    const property = (name: string): string => new RegExp(`"${name}":"([^"$]+)"`).exec(text)![1]!;
    return {
      render: property("render"),
      versions: property("versions"),
      count: Number(/<output>(\d+)/.exec(html)![1]),
    };
  }

  /** Resolves when the stream has ended, or the page was rendered again and has to be listened to anew. */
  async #listen(): Promise<void> {
    const { render, versions } = this.#shown!;
    const tabs: StreamRequest["tabs"] = { tab: { route: [[render, versions]], token: this.#token } };
    const stream = new AbortController();
    const response = await fetch(`${this.#url}/api/reactive`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ tabs }),
      signal: AbortSignal.any([this.#ended.signal, stream.signal]),
    });
    if (response.status !== 200) throw new Error(`The stream was answered with ${response.status}.`);
    this.openedAt.push(performance.now());
    for await (const [name, data] of eventsOf(response)) {
      if (name === "hello") this.#isOpen = true;
      if (name === "token") this.#token = (data as StreamEvents["token"]).token;
      if (name === "unknown" && this.#searchCount < maxSearches) {
        this.#searchCount += 1;
        stream.abort();
        return;
      }
      if (name === "change") {
        await sleep(Math.random() * (data as StreamEvents["change"]).spreadMs);
        this.#token = undefined;
        this.#shown = await this.#render();
        stream.abort();
        return;
      }
      if (name === "bye") {
        this.#isOpen = false;
        await sleep(Math.random() * (data as StreamEvents["bye"]).withinMs);
        return;
      }
    }
    throw new Error("The stream ended without a word.");
  }
}

async function* eventsOf(response: Response): AsyncGenerator<[StreamEventName, unknown]> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(text.slice(0, end))!;
      text = text.slice(end + 2);
      yield [name as StreamEventName, JSON.parse(data!)];
    }
  }
}
