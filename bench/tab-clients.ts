import { request as httpRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import { renderTimingName, type StreamEvents } from "../packages/kawa/src/next/stream-protocol.ts";
import { serveOperations } from "./forked.ts";

// Many browsers with one tab each, as far as the server can tell: they load the page, listen, and ask for a render when they hear
// of a change.

const loadAtOnce = 20;

export type TabSide = "bare" | "kawa";

type SendOptions = { readonly method?: string; readonly headers: Readonly<Record<string, string>>; readonly body?: string };

async function send(url: string, { method = "GET", headers, body }: SendOptions): Promise<IncomingMessage> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, resolve);
    request.on("error", reject);
    request.end(body);
  });
  if (answer.statusCode !== 200) throw new Error(`${method} ${url} was answered with ${answer.statusCode}.`);
  return answer;
}

function textOf(answer: IncomingMessage): Promise<string> {
  return text(answer.headers["content-encoding"] === "gzip" ? answer.pipe(createGunzip()) : answer);
}

class Tab {
  score = "";
  /** Requests of the last change. */
  requestCount = 0;
  readonly #url: string;
  readonly #side: TabSide;
  readonly #headers: Readonly<Record<string, string>>;
  #render = "";
  #stream: IncomingMessage | undefined;
  #isRefreshing = false;
  #isDirty = false;

  constructor(url: string, side: TabSide, index: number) {
    this.#url = url;
    this.#side = side;
    // Each browser has an address of its own.
    this.#headers = { "accept-encoding": "gzip", "x-forwarded-for": `10.0.${index >> 8}.${index & 255}` };
  }

  async load(): Promise<void> {
    const answer = await send(this.#url, { headers: this.#headers });
    this.#note(answer);
    this.score = /<output id="score">(\d+)</.exec(await textOf(answer))?.[1] ?? "";
    await this.#listen();
  }

  close(): void {
    this.#stream?.destroy();
  }

  #note(answer: IncomingMessage): void {
    const timing = new RegExp(`${renderTimingName};desc="([^"]+)"`);
    this.#render = timing.exec(String(answer.headers["server-timing"]))?.[1] ?? "";
  }

  /** The stream before ends when the new one is there. */
  async #listen(): Promise<void> {
    this.requestCount += 1;
    const before = this.#stream;
    const stream = await (this.#side === "bare"
      ? send(`${this.#url}/api/live`, { headers: this.#headers })
      : send(`${this.#url}/api/reactive`, {
          method: "POST",
          headers: { ...this.#headers, "content-type": "application/json" },
          body: JSON.stringify({ tabs: { tab: { route: [[this.#render, ""]] } } }),
        }));
    this.#stream = stream;
    before?.destroy();
    stream.setEncoding("utf8").on("error", () => {});
    let rest = "";
    await new Promise<void>((resolve) => {
      stream.on("data", (chunk: string) => {
        resolve();
        const events = (rest + chunk).split("\n\n");
        rest = events.pop()!;
        for (const event of events) this.#hear(event);
      });
    });
  }

  #hear(event: string): void {
    if (this.#side === "bare") return event === "data: change" ? void this.#refresh(0) : undefined;
    const change = /^event: change\ndata: (.*)$/.exec(event);
    if (change) void this.#refresh((JSON.parse(change[1]!) as StreamEvents["change"]).spreadMs);
  }

  async #refresh(spreadMs: number): Promise<void> {
    if (this.#isRefreshing) return void (this.#isDirty = true);
    this.#isRefreshing = true;
    await sleep(Math.random() * spreadMs);
    this.#isDirty = false;
    this.requestCount += 1;
    const answer = await send(`${this.#url}/?_rsc`, { headers: { ...this.#headers, RSC: "1" } });
    this.#note(answer);
    this.score = /"id":"score","children":(\d+)/.exec(await textOf(answer))?.[1] ?? "";
    if (this.#side === "kawa") await this.#listen();
    this.#isRefreshing = false;
    if (this.#isDirty) await this.#refresh(0);
  }
}

let tabs: Tab[] = [];

const operations = {
  async open(url: string, side: TabSide, count: number): Promise<void> {
    const waiting = Array.from({ length: count }, (_, index) => new Tab(url, side, index));
    tabs = [...waiting];
    const lanes = Array.from({ length: loadAtOnce }, async () => {
      for (let tab = waiting.pop(); tab; tab = waiting.pop()) await tab.load();
    });
    await Promise.all(lanes);
    for (const tab of tabs) tab.requestCount = 0;
  },
  /** Writes a score, and waits until all tabs show it. Returns how long that took, and the requests that it needed. */
  async change(url: string, score: number, timeoutMs: number): Promise<{ lastMs: number; requestCount: number }> {
    const startedAt = performance.now();
    const { status } = await fetch(`${url}/api/score`, { method: "POST", body: String(score) });
    if (status !== 204) throw new Error(`Writing the score failed with status ${status}.`);
    while (tabs.some((tab) => tab.score !== String(score))) {
      if (performance.now() - startedAt > timeoutMs) throw new Error(`After ${timeoutMs} ms there are tabs that do not show ${score}.`);
      await sleep(10);
    }
    const lastMs = performance.now() - startedAt;
    // Streams that are opened anew belong to the change.
    await sleep(500);
    const requestCount = tabs.reduce((sum, tab) => sum + tab.requestCount, 0);
    for (const tab of tabs) tab.requestCount = 0;
    return { lastMs, requestCount };
  },
  async close(): Promise<void> {
    for (const tab of tabs) tab.close();
  },
};

export type TabClientOperations = typeof operations;

serveOperations(operations);
