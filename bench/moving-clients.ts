import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeValue } from "../packages/kawa/src/core/value/value.ts";
import { cores, moveToCore } from "./cores.ts";
import { machineTime, serveOperations } from "./forked.ts";
import { addressOf, inLanes } from "./simulated-browsers.ts";

// Many browsers, each of which moves some values at each frame, as the real client sends them: of each key one write is on the way, and the
// newest value follows it; what is written meanwhile goes together in one request. The stream of each shows what the next one moves.

const frameMs = 1_000 / 60;
const openAtOnce = 10;
const timeoutMs = 15_000;
const valuePattern = /\["bench:moved:(\d+)-(\d+)","\[\{\\"x\\":1,\\"y\\":1\},(\d+)\]"/g;
const lengthPattern = /content-length: (\d+)/i;

type Moves = {
  readonly accepted: number;
  readonly requests: number;
  /** From the frame in which a value was moved to the event on the stream of another browser, in the order of their arrival. */
  readonly latencies: number[];
  /** Values whose last position has reached the other browser. */
  readonly arrived: number;
  /** What else was answered, and how often. */
  readonly failures: Record<string, number>;
  /** CPU time of the browsers, all of them in one process. */
  readonly cpuMs: number;
  readonly durationMs: number;
};

let frame = 0;
/** When each frame was. */
const framesAt: number[] = [];
let counts = { accepted: 0, requests: 0, failures: {} as Record<string, number>, latencies: [] as number[] };
const note = (failure: string): void => void (counts.failures[failure] = (counts.failures[failure] ?? 0) + 1);

class MovingBrowser {
  readonly #index: number;
  readonly #keys: readonly string[];
  readonly #head: string;
  readonly #port: number;
  readonly #sent = new Map<string, number>();
  #socket: Socket | undefined;
  #answer = "";
  #isWaiting = false;
  #hasMoved = false;
  #isNext = false;

  constructor(port: number, index: number, valueCount: number) {
    this.#port = port;
    this.#index = index;
    this.#keys = Array.from({ length: valueCount }, (_, at) => `bench:moved:${index}-${at}`);
    this.#head =
      `Host: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nX-Forwarded-For: ${addressOf(index)}\r\n` +
      `Sec-Fetch-Site: same-origin\r\n`;
  }

  get keys(): readonly string[] {
    return this.#keys;
  }

  async open(): Promise<void> {
    this.#socket = await connected(this.#port);
    this.#socket.on("data", (chunk: string) => this.#read(chunk));
  }

  move(): void {
    this.#hasMoved = true;
    if (this.#isWaiting) return;
    this.#isNext = false;
    this.#send();
  }

  #send(): void {
    this.#hasMoved = false;
    this.#isWaiting = true;
    counts.requests += 1;
    const writes = this.#keys.map((key) => {
      this.#sent.set(key, frame);
      return { id: crypto.randomUUID(), key, isNext: this.#isNext, text: encodeValue(key, { x: frame, y: frame }) };
    });
    const body = JSON.stringify({ writes });
    this.#socket!.write(`PUT /api/reactive HTTP/1.1\r\n${this.#head}Content-Length: ${body.length}\r\n\r\n${body}`);
  }

  #read(chunk: string): void {
    this.#answer += chunk;
    const headEnd = this.#answer.indexOf("\r\n\r\n");
    if (headEnd < 0) return;
    const body = bodyOf(this.#answer, headEnd);
    if (body === undefined) return;
    this.#take(body);
    this.#answer = "";
    this.#isWaiting = false;
    if (!this.#hasMoved) return;
    this.#isNext = true;
    this.#send();
  }

  #take(body: string): void {
    if (!this.#answer.startsWith("HTTP/1.1 200")) return note(this.#answer.slice(0, 12));
    const { replies } = JSON.parse(body) as { replies: readonly { accepted?: string; code?: string }[] };
    for (const { accepted, code } of replies) {
      if (accepted === undefined) note(code ?? "conflict");
      else counts.accepted += 1;
    }
  }

  /** The last frame that was sent of a value. */
  lastOf(key: string): number {
    return this.#sent.get(key) ?? -1;
  }

  get isIdle(): boolean {
    return !this.#isWaiting && !this.#hasMoved;
  }

  get index(): number {
    return this.#index;
  }
}

/** Undefined until all of it is there. */
function bodyOf(answer: string, headEnd: number): string | undefined {
  const length = lengthPattern.exec(answer.slice(0, headEnd))?.[1];
  const rest = answer.slice(headEnd + 4);
  if (length !== undefined) return rest.length >= Number(length) ? rest : undefined;
  if (!rest.endsWith("0\r\n\r\n")) return undefined;
  return rest.replaceAll(/(?:^|\r\n)[\da-f]+\r\n/gi, "").trimEnd();
}

async function connected(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.setEncoding("latin1");
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return socket;
}

let browsers: MovingBrowser[] = [];
/** The newest frame that the streams have told, by key. */
const shown = new Map<string, number>();

/** A stream that carries the values of another browser. */
async function follow(port: number, index: number, keys: readonly string[]): Promise<void> {
  const socket = await connected(port);
  const body = JSON.stringify({ tabs: { tab: { route: [], values: keys.map((key) => [key, -1, ""]) } } });
  let rest = "";
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk: string) => {
      const at = machineTime();
      const received = rest + chunk;
      const end = received.lastIndexOf("\n\n") + 2;
      if (end < 2) return void (rest = received);
      rest = received.slice(end);
      resolve();
      for (const [, of, value, x] of received.slice(0, end).matchAll(valuePattern)) {
        shown.set(`bench:moved:${of}-${value}`, Number(x));
        const movedAt = framesAt[Number(x)];
        if (movedAt !== undefined) counts.latencies.push(at - movedAt);
      }
    });
    socket.write(
      `POST /api/reactive HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
        `X-Forwarded-For: ${addressOf(index)}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
  });
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!isTrue() && performance.now() < deadline) await sleep(20);
}

const operations = {
  async open(port: number, browserCount: number, valueCount: number): Promise<void> {
    moveToCore(cores.clients);
    browsers = Array.from({ length: browserCount }, (_, index) => new MovingBrowser(port, index, valueCount));
    await inLanes(browserCount, openAtOnce, async (index) => {
      await browsers[index]!.open();
      await follow(port, index, browsers[(index + 1) % browserCount]!.keys);
    });
  },
  /** All move at each frame, none in step with another one. */
  async move(durationMs: number): Promise<Moves> {
    counts = { accepted: 0, requests: 0, failures: {}, latencies: [] };
    const startedAt = performance.now();
    const cpuBefore = process.cpuUsage();
    for (let next = startedAt; next < startedAt + durationMs; next += frameMs) {
      await sleep(Math.max(0, next - performance.now()));
      frame += 1;
      framesAt[frame] = machineTime();
      for (const browser of browsers) browser.move();
    }
    const durationOfMoves = performance.now() - startedAt;
    const { accepted, requests } = counts;
    const cpu = process.cpuUsage(cpuBefore);
    const all = browsers.flatMap((browser) => browser.keys.map((key) => [browser, key] as const));
    await until(() => browsers.every(({ isIdle }) => isIdle));
    const hasArrived = ([browser, key]: (typeof all)[number]): boolean => shown.get(key) === browser.lastOf(key);
    await until(() => all.every(hasArrived));
    return {
      ...counts,
      accepted,
      requests,
      arrived: all.filter(hasArrived).length,
      cpuMs: (cpu.user + cpu.system) / 1_000,
      durationMs: durationOfMoves,
    };
  },
};

export type MovingClientOperations = typeof operations;

serveOperations(operations);
