import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { machineTime, serveOperations } from "./forked.ts";
import { addressOf, inLanes, renderIdIn } from "./simulated-browsers.ts";

// Many browsers as far as streams are concerned. They use bare sockets: what they do must not disturb the server.

const openAtOnce = 50;
const openTimeoutMs = 20_000;
/** Values that came by themselves. */
const valuesPattern = /^event: values$/gm;
const seqPattern = /^data: \{"tabs":\{"tab":\["\w+","[^"]*@(\d+)"/gm;

type Arrival = readonly [seq: number, at: number];

class Client {
  lastSeq = 0;
  isOpen = true;
  arrivals: Arrival[] = [];
  #rest = "";

  /** Resolves with the first event. */
  static open(port: number, request: string): Promise<Client> {
    const socket = connect({ port, host: "127.0.0.1" });
    const client = new Client();
    socket.setEncoding("latin1");
    socket.write(request);
    return new Promise((resolve, reject) => {
      const overdue = setTimeout(
        () => reject(new Error(`A stream did not open within ${openTimeoutMs} ms.`)),
        openTimeoutMs,
      );
      socket.on("data", (chunk: string) => {
        const events = client.#read(chunk);
        if (events === "") return;
        clearTimeout(overdue);
        if (events.startsWith("HTTP/1.1 200")) resolve(client);
        else reject(new Error(`A stream was answered with ${events.slice(0, 200)}`));
      });
      socket.on("error", reject);
      socket.on("close", () => {
        client.isOpen = false;
        reject(new Error(`A stream was closed: ${client.#rest.slice(0, 200)}`));
      });
    });
  }

  /** Notes the changes of all whole events; returns them. */
  #read(chunk: string): string {
    const at = machineTime();
    const received = this.#rest + chunk;
    const end = received.lastIndexOf("\n\n") + 2;
    const events = end < 2 ? "" : received.slice(0, end);
    this.#rest = received.slice(events.length);
    for (const [, seq] of events.matchAll(seqPattern)) {
      this.lastSeq = Number(seq);
      this.arrivals.push([this.lastSeq, at]);
    }
    for (const _ of events.matchAll(valuesPattern)) this.arrivals.push([0, at]);
    return events;
  }
}

const clients: Client[] = [];
const maxVisitors = 6_000;

/** What a browser sends beside its request, with a session and some cookies of others. */
const browserHeaders = [
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
  'sec-ch-ua: "Chromium";v="143", "Not A(Brand";v="24"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "Accept: text/event-stream",
  "Accept-Encoding: gzip, deflate, br, zstd",
  "Accept-Language: en-GB,en;q=0.9,de;q=0.8",
  "Sec-Fetch-Site: same-origin",
  "Sec-Fetch-Mode: cors",
  "Sec-Fetch-Dest: empty",
  `Cookie: session=${"s".repeat(300)}; theme=dark; analytics=${"a".repeat(200)}`,
]
  .map((line) => `${line}\r\n`)
  .join("");

function post(port: number, body: string, headers = ""): string {
  return (
    `POST /api/reactive HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n${headers}` +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

async function comeAll(port: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/api/here`, { method: "POST", body: `0 ${maxVisitors}` });
  if (!answer.ok) throw new Error(`The visitors could not come: ${answer.status}.`);
}

/** A page of Kawa's app is rendered; returns what a browser asks for that shows it. */
async function renderPage(port: number): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/?_rsc`, { headers: { RSC: "1" } });
  await answer.text();
  const id = renderIdIn(answer.headers.get("server-timing"));
  if (id === "") throw new Error("A page did not say which render it is.");
  return JSON.stringify({ tabs: { tab: { route: [[id, ""]] } } });
}

const operations = {
  async open(port: number, bodies: readonly string[]): Promise<void> {
    await inLanes(bodies.length, openAtOnce, async (index) => {
      const header = `X-Forwarded-For: ${addressOf(index)}\r\n`;
      clients.push(await Client.open(port, post(port, bodies[index]!, header)));
    });
  },
  /** Streams of the bare app. */
  async openBare(port: number, count: number): Promise<void> {
    const request = `GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
    await inLanes(count, openAtOnce, async () => void clients.push(await Client.open(port, request)));
  },
  /** Streams of Kawa's app, each for a page of its own. */
  async openPages(port: number, count: number): Promise<void> {
    const opened = clients.length;
    await inLanes(count, openAtOnce, async (index) => {
      const header = `X-Forwarded-For: ${addressOf(opened + index)}\r\n`;
      clients.push(await Client.open(port, post(port, await renderPage(port), header)));
    });
  },
  /** Streams of Kawa's app that carry a value and keep a presence, each of a visitor of its own. */
  async openVisitors(port: number, count: number): Promise<void> {
    const first = clients.length;
    // What is stored of them is no part of their streams.
    if (first === 0) await comeAll(port);
    await inLanes(count, openAtOnce, async (index) => {
      const tab = { route: [], values: [["bench:score", -1, ""]], kept: [`bench:here:${first + index}`] };
      const headers = `X-Forwarded-For: ${addressOf(first + index)}\r\n${browserHeaders}`;
      clients.push(await Client.open(port, post(port, JSON.stringify({ tabs: { tab } }), headers)));
    });
  },
  /** How long each change took to each stream, once all streams have the last one, or the time is over. */
  async latencies(
    startedAt: readonly Arrival[],
    timeoutMs: number,
  ): Promise<{ latencies: number[]; upToDate: number; open: number }> {
    const starts = new Map(startedAt);
    const lastSeq = startedAt.at(-1)![0];
    const deadline = performance.now() + timeoutMs;
    const isCurrent = ({ lastSeq: seq, isOpen }: Client): boolean => isOpen && seq === lastSeq;
    while (!clients.every(isCurrent) && performance.now() < deadline) await sleep(20);
    const latencies: number[] = [];
    for (const client of clients) {
      for (const [seq, at] of client.arrivals) if (starts.has(seq)) latencies.push(at - starts.get(seq)!);
      client.arrivals = [];
    }
    return {
      latencies,
      upToDate: clients.filter(isCurrent).length,
      open: clients.filter(({ isOpen }) => isOpen).length,
    };
  },
  async forgetArrivals(): Promise<void> {
    for (const client of clients) client.arrivals = [];
  },
  /** How many streams have told something since {@link forgetArrivals}, once all have, or the time is over. */
  async countArrived(timeoutMs: number): Promise<number> {
    const countNow = (): number => clients.filter(({ arrivals }) => arrivals.length > 0).length;
    const deadline = performance.now() + timeoutMs;
    while (countNow() < clients.length && performance.now() < deadline) await sleep(20);
    return countNow();
  },
};

export type StreamClientOperations = typeof operations;

serveOperations(operations);
