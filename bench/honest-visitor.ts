import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { cores, moveToCore } from "./cores.ts";
import { machineTime, serveOperations } from "./forked.ts";
import { ask, type Ask, jsonHeaders, newSession } from "./loopback.ts";

// Two browsers that do what people do, at a steady pace. One opens the page and writes; the other one's stream shows what was written.

const gapMs = 50;
const timeoutMs = 5_000;
const key = "bench:score";
const rowPattern = /\["bench:score","\[(\d+)\]"/g;

/** Milliseconds, from the moment at which each was planned: one that has to wait for its turn waits. */
export type Samples = {
  readonly pages: number[];
  readonly writes: number[];
  /** From the write to the event on the other browser's stream. */
  readonly events: number[];
  /** What did not come out as it should, and how often. */
  readonly failures: Record<string, number>;
};

const none = (): Samples => ({ pages: [], writes: [], events: [], failures: {} });

let samples = none();
let isRunning = false;
let number = 0;
let from: { readonly writer: string; readonly reader: string };
let cookies: { readonly writer: string; readonly reader: string };
let port = 0;
let stream: Socket | undefined;
/** When each write was planned that the stream has not shown. */
const awaited = new Map<number, number>();
const underWay = new Set<Promise<void>>();

function fail(what: string): void {
  samples.failures[what] = (samples.failures[what] ?? 0) + 1;
}

/** The status of the answer; undefined when there was none. */
async function perform(
  what: "pages" | "writes",
  plannedAt: number,
  request: Omit<Ask, "port" | "from" | "timeoutMs">,
): Promise<number | undefined> {
  try {
    const { status } = await ask({ ...request, port, from: from.writer, timeoutMs });
    if (status < 300) samples[what].push(machineTime() - plannedAt);
    else fail(`${what} ${status}`);
    return status;
  } catch (error) {
    samples[what].push(timeoutMs);
    fail(`${what} ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`);
    return undefined;
  }
}

function begin(work: Promise<void>): void {
  underWay.add(work);
  void work.then(() => underWay.delete(work));
}

async function openPage(plannedAt: number): Promise<void> {
  await perform("pages", plannedAt, { path: "/", headers: { accept: "text/html", cookie: cookies.writer } });
}

async function write(plannedAt: number): Promise<void> {
  const written = (number += 1);
  awaited.set(written, plannedAt);
  const body = JSON.stringify({ id: crypto.randomUUID(), key, text: `[${written}]` });
  const status = await perform("writes", plannedAt, {
    method: "PUT",
    path: "/api/reactive",
    headers: jsonHeaders(cookies.writer),
    body,
  });
  if (status !== undefined && status >= 300) awaited.delete(written);
}

/** The newest of what has changed: it shows what came before, too. */
function show(shown: number): void {
  const at = machineTime();
  for (const [written, plannedAt] of awaited) {
    if (written > shown) break;
    samples.events.push(at - plannedAt);
    awaited.delete(written);
  }
}

function follow(): Promise<void> {
  const body = JSON.stringify({ tabs: { tab: { route: [], values: [[key, -1, ""]] } } });
  const socket = connect({ port, host: "127.0.0.1", localAddress: from.reader });
  stream = socket;
  socket
    .setEncoding("latin1")
    .write(
      `POST /api/reactive HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nCookie: ${cookies.reader}\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  let rest = "";
  return new Promise((resolve) => {
    socket.on("data", (chunk: string) => {
      rest = (rest + chunk).slice(-10_000);
      const end = rest.lastIndexOf("\n\n");
      if (end < 0) return;
      for (const [, shown] of rest.slice(0, end).matchAll(rowPattern)) show(Number(shown));
      rest = rest.slice(end);
      resolve();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      if (stream !== socket) return;
      fail("streams lost");
      resolve();
      setTimeout(() => void (stream === socket && follow()), 500);
    });
  });
}

async function run(): Promise<void> {
  const start = machineTime();
  for (let turn = 0; isRunning; turn += 1) {
    // A page and a write do not wait for each other.
    const at = start + (turn * gapMs) / 2;
    await sleep(Math.max(0, at - machineTime()));
    begin(turn % 2 === 0 ? openPage(at) : write(at));
  }
}

let running: Promise<void> = Promise.resolve();

async function stop(): Promise<Samples> {
  isRunning = false;
  await running;
  const deadline = machineTime() + timeoutMs;
  await Promise.all(underWay);
  while (awaited.size > 0 && machineTime() < deadline) await sleep(20);
  for (const written of awaited.keys()) {
    samples.events.push(timeoutMs);
    fail("events missing");
    awaited.delete(written);
  }
  const taken = samples;
  samples = none();
  return taken;
}

const operations = {
  async open(given: { port: number; writer: string; reader: string }): Promise<void> {
    moveToCore(cores.clients);
    const before = stream;
    stream = undefined;
    before?.destroy();
    from = given;
    port = given.port;
    const sessionFrom = (address: string): Promise<string> => newSession({ port, from: address, timeoutMs });
    cookies = { writer: await sessionFrom(from.writer), reader: await sessionFrom(from.reader) };
    await follow();
  },
  /** The id of the session that writes, as nobody else knows it. */
  async sessionId(): Promise<string> {
    const payload = cookies.writer
      .split("=")[1]!
      .split(".")
      .map((part) => Buffer.from(part, "base64url").toString());
    return /[0-9a-f-]{36}/.exec(payload.join(" "))![0];
  },
  async start(): Promise<void> {
    isRunning = true;
    running = run();
  },
  /** Waits for what is under way. */
  stop,
  async runFor(durationMs: number): Promise<Samples> {
    await operations.start();
    await sleep(durationMs);
    return stop();
  },
};

export type HonestVisitorOperations = typeof operations;

serveOperations(operations);
