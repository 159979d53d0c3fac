import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { machineTime, serveOperations } from "./forked.ts";

// Many browsers as far as streams are concerned. They use bare sockets: what they do must not disturb the server.

const openAtOnce = 50;
const helloTimeoutMs = 20_000;
const seqPattern = /^data: \{"versions":"[^"]*@(\d+)"/gm;

type Arrival = readonly [seq: number, at: number];

class Client {
  lastSeq = 0;
  isOpen = true;
  arrivals: Arrival[] = [];
  readonly #socket: Socket;
  #rest = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static open(port: number, body: string): Promise<Client> {
    const socket = connect({ port, host: "127.0.0.1" });
    const client = new Client(socket);
    socket.setEncoding("latin1");
    socket.write(
      `POST /api/reactive HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    return new Promise((resolve, reject) => {
      const overdue = setTimeout(() => reject(new Error(`A stream did not open within ${helloTimeoutMs} ms.`)), helloTimeoutMs);
      socket.on("data", (chunk: string) => {
        const events = client.#read(chunk);
        if (!events.includes("event: hello")) return;
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

  close(): void {
    this.#socket.destroy();
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
    return events;
  }
}

let clients: Client[] = [];

const operations = {
  async open(port: number, bodies: readonly string[]): Promise<void> {
    const waiting = bodies.toReversed();
    const lanes = Array.from({ length: openAtOnce }, async () => {
      for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) clients.push(await Client.open(port, body));
    });
    await Promise.all(lanes);
  },
  /** How long each change took to each stream, once all streams have the last one, or the time is over. */
  async latencies(startedAt: readonly Arrival[], timeoutMs: number): Promise<{ latencies: number[]; upToDate: number; open: number }> {
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
    return { latencies, upToDate: clients.filter(isCurrent).length, open: clients.filter(({ isOpen }) => isOpen).length };
  },
  async close(): Promise<void> {
    for (const client of clients) client.close();
    clients = [];
  },
};

export type StreamClientOperations = typeof operations;

serveOperations(operations);
