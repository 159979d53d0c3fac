import { request as httpRequest, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { createGunzip } from "node:zlib";
import type { StreamEvents } from "../packages/kawa/src/next/protocol/stream-protocol.ts";
import { serveOperations } from "./forked.ts";
import { addressOf, inLanes, renderIdIn } from "./simulated-browsers.ts";

// Many browsers with one tab each, as far as the server can tell: they load the page, listen, and ask for a render when they hear
// of a change.

const loadAtOnce = 20;
/** How long browsers wait for more news before they open a stream. */
const gatherMs = 50;

/**
 * `bare`: an event, then a refresh. `page`: Kawa's stream, and its refresh, with which the stream goes on. The others are pushed: a
 * `fragment`, a whole page, and one whose component takes 50 ms.
 */
export type TabSide = "bare" | "page" | PushedSide;

type PushedSide = "fragment" | "pushed" | "costly";

type TabOptions = {
  readonly url: string;
  readonly side: TabSide;
  /** Ids of the server actions that push fragments and that refresh the route; only Kawa's sides call them. */
  readonly pushAction: string;
  readonly refreshAction: string;
};

type SendOptions = {
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

const scorePattern = /"id":"score","children":(\d+)/;
const versionsPattern = /"versions":"([^"]+)"/;
const fragmentPattern = /"token":"([^"]+)","render":"([^"]+)","versions":"([^"]+)"/;

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
  readonly #options: TabOptions;
  readonly #headers: Readonly<Record<string, string>>;
  #renderId = "";
  /** The render that the stream tells about. */
  #followedId = "";
  #stream: IncomingMessage | undefined;
  readonly #name = crypto.randomUUID();
  #isRefreshing = false;
  #isDirty = false;

  constructor(options: TabOptions, index: number) {
    this.#options = options;
    this.#headers = { "accept-encoding": "gzip", "x-forwarded-for": addressOf(index) };
  }

  async load(): Promise<void> {
    const payload = await this.#render();
    await this.#listen();
    if (this.#path !== "/") await this.#openPushes(payload);
  }

  get #path(): string {
    const { side } = this.#options;
    return side === "bare" || side === "page" ? "/" : `/${side}`;
  }

  /** As `router.refresh()` asks for it. */
  async #render(): Promise<string> {
    const answer = await send(`${this.#options.url}${this.#path}?_rsc`, { headers: { ...this.#headers, RSC: "1" } });
    this.#renderId = renderIdIn(String(answer.headers["server-timing"]));
    const payload = await textOf(answer);
    this.#show(payload);
    return payload;
  }

  /** As the page refreshes itself: by an action that says which render it makes, and of which it takes the place. */
  async #refreshRoute(): Promise<void> {
    const next = crypto.randomUUID();
    const answer = await this.#call("/", this.#options.refreshAction, [next, this.#renderId]);
    this.#show(await textOf(answer));
    this.#renderId = next;
  }

  /** Calls a server action, as a page at `path` does. */
  #call(path: string, action: string, args: readonly unknown[]): Promise<IncomingMessage> {
    return send(`${this.#options.url}${path}`, {
      method: "POST",
      headers: {
        ...this.#headers,
        "next-action": action,
        accept: "text/x-component",
        "content-type": "text/plain;charset=UTF-8",
      },
      body: JSON.stringify(args),
    });
  }

  #show(payload: string): void {
    this.score = scorePattern.exec(payload)?.[1] ?? this.score;
  }

  /** The stream before ends when the new one is there. */
  async #listen(): Promise<void> {
    this.requestCount += 1;
    const before = this.#stream;
    const stream = await (this.#options.side === "bare"
      ? send(`${this.#options.url}/api/live`, { headers: this.#headers })
      : send(`${this.#options.url}/api/reactive`, {
          method: "POST",
          headers: { ...this.#headers, "content-type": "application/json" },
          body: JSON.stringify({ tabs: { tab: { route: [[this.#renderId, ""]] } } }),
        }));
    this.#stream = stream;
    this.#followedId = this.#renderId;
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

  /** As the client of live fragments asks for it, again whenever the server ends it. */
  async #openPushes(payload: string): Promise<void> {
    const [, token, render, shown] = fragmentPattern.exec(payload)!;
    let versions = shown;
    const open = async (): Promise<void> => {
      this.requestCount += 1;
      const fragments = [{ token, render, versions }];
      const pushes = await this.#call(this.#path, this.#options.pushAction, [{ tab: this.#name, fragments }]);
      const content = pushes.headers["content-encoding"] === "gzip" ? pushes.pipe(createGunzip()) : pushes;
      content.setEncoding("utf8").on("error", () => {});
      let rest = "";
      content.on("data", (chunk: string) => {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) {
          versions = versionsPattern.exec(line)?.[1] ?? versions;
          this.#show(line);
        }
      });
      content.on("end", () => void open());
    };
    await open();
  }

  #hear(event: string): void {
    if (this.#options.side === "bare") return event === "data: change" ? void this.#refresh(0) : undefined;
    const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event)!;
    if (name === "change") void this.#refresh((JSON.parse(data!) as StreamEvents["change"]).spreadMs);
    if (name === "renewed") this.#followedId = (JSON.parse(data!) as StreamEvents["renewed"]).to[0];
  }

  async #refresh(spreadMs: number): Promise<void> {
    if (this.#isRefreshing) return void (this.#isDirty = true);
    this.#isRefreshing = true;
    await sleep(Math.random() * spreadMs);
    this.#isDirty = false;
    this.requestCount += 1;
    if (this.#options.side === "page") {
      await this.#refreshRoute();
      await sleep(gatherMs);
      // What it shows now may have read something else.
      if (this.#followedId !== this.#renderId) await this.#listen();
    } else await this.#render();
    this.#isRefreshing = false;
    if (this.#isDirty) await this.#refresh(0);
  }
}

let tabs: Tab[] = [];

const operations = {
  async open(options: TabOptions, count: number): Promise<void> {
    tabs = Array.from({ length: count }, (_, index) => new Tab(options, index));
    await inLanes(count, loadAtOnce, (index) => tabs[index]!.load());
    for (const tab of tabs) tab.requestCount = 0;
  },
  /** Writes a score, and waits until all tabs show it. Returns how long that took, and the requests that it needed. */
  async change(url: string, score: number, timeoutMs: number): Promise<{ lastMs: number; requestCount: number }> {
    const startedAt = performance.now();
    const { status } = await fetch(`${url}/api/score`, { method: "POST", body: String(score) });
    if (status !== 204) throw new Error(`Writing the score failed with status ${status}.`);
    while (tabs.some((tab) => tab.score !== String(score))) {
      if (performance.now() - startedAt > timeoutMs)
        throw new Error(`After ${timeoutMs} ms there are tabs that do not show ${score}.`);
      await sleep(10);
    }
    const lastMs = performance.now() - startedAt;
    // Streams that are opened anew belong to the change.
    await sleep(500);
    const requestCount = tabs.reduce((sum, tab) => sum + tab.requestCount, 0);
    for (const tab of tabs) tab.requestCount = 0;
    return { lastMs, requestCount };
  },
};

export type TabClientOperations = typeof operations;

serveOperations(operations);
