import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { whenCollected } from "../../../test/support/when-collected.ts";
import { currentExchange, watchConnections } from "../network/connections.ts";
import { configureNetwork } from "../network/network.ts";
import { SocketOutput } from "./socket-output.ts";
import { openOutput, type StreamOutput } from "./stream-output.ts";

watchConnections();

type Opened = {
  readonly port: number;
  readonly client: Socket;
  /** All that has arrived. */
  received(): string;
  readonly output: StreamOutput;
  readonly source: { onDrain: ReturnType<typeof vi.fn>; onGone: ReturnType<typeof vi.fn> };
  /** Of the request that opened it. */
  readonly isFinished: () => boolean;
  readonly seen: readonly WeakRef<object>[];
};

type Answer = (response: ServerResponse, output: StreamOutput) => void;

const head = { "content-type": "text/event-stream; charset=utf-8", connection: "close" };
const request = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";
const limits = { connectionsCheckingInterval: 20, headersTimeout: 100, requestTimeout: 100, keepAliveTimeout: 600_000 };

/** As Next answers with a head and no body. */
const answer: Answer = (response) => {
  for (const [name, value] of Object.entries(head)) response.setHeader(name, value);
  response.end();
};

beforeEach(() => {
  Reflect.set((globalThis as never)[Symbol.for("kawa.socket-output")], "isPossible", true);
});

async function open(respond: Answer = answer): Promise<Opened> {
  const source = { onDrain: vi.fn<() => void>(), onGone: vi.fn<() => void>() };
  const { promise, resolve } = Promise.withResolvers<Pick<Opened, "output" | "isFinished" | "seen">>();
  let isFinished = false;
  const server = createServer(limits, (incoming: IncomingMessage, response) => {
    const output = openOutput(source, currentExchange());
    response.once("close", () => (isFinished = true));
    resolve({ output, isFinished: () => isFinished, seen: [new WeakRef(incoming), new WeakRef(response)] });
    respond(response, output);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = connect(port, "127.0.0.1");
  let received = "";
  client.setEncoding("utf8").on("data", (chunk: string) => (received += chunk));
  client.on("error", () => {});
  client.write(request);
  onTestFinished(() => {
    client.destroy();
    server.closeAllConnections();
    server.close();
  });
  return { port, client, received: () => received, source, ...(await promise) };
}

describe("a stream on its connection", () => {
  it("carries what was written before its head and after it, and nothing but that", async () => {
    const { received, output } = await open((response, early) => {
      early.write("first\n");
      early.write("second\n");
      answer(response, early);
    });
    await vi.waitUntil(() => received().includes("second"));
    output.write("third ✓\n");
    await vi.waitUntil(() => received().includes("third"));
    const [sentHead, body] = received().split("\r\n\r\n");
    expect(body).toBe("first\nsecond\nthird ✓\n");
    expect(sentHead).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(sentHead).toMatch(/\r\nconnection: close/i);
    expect(sentHead).not.toMatch(/transfer-encoding|content-length/i);
  });

  it("goes on when Node has finished the request, of which nothing is kept", async () => {
    const { received, output, source, isFinished, seen } = await open();
    await vi.waitUntil(isFinished);
    await whenCollected(seen);
    output.write("later\n");
    await vi.waitUntil(() => received().endsWith("later\n"));
    expect(source.onGone).not.toHaveBeenCalled();
  });

  it.each<[string, Answer]>([
    [
      "after it was answered",
      (response, output) => (answer(response, output), response.once("close", () => output.end())),
    ],
    ["before it is answered", (response, output) => (output.end(), answer(response, output))],
  ])("ends with all that was written, %s", async (_, respond) => {
    const { client, received, source } = await open((response, output) => {
      output.write("bye\n");
      respond(response, output);
    });
    await once(client, "end");
    expect(received().split("\r\n\r\n")[1]).toBe("bye\n");
    await vi.waitUntil(() => source.onGone.mock.calls.length > 0);
  });

  it("tells when the browser goes, and takes no notice of what is written then", async () => {
    const { client, output, source, isFinished } = await open();
    await vi.waitUntil(isFinished);
    client.destroy();
    await vi.waitUntil(() => source.onGone.mock.calls.length > 0);
    output.write("into the void\n");
    output.end();
    output.end();
    expect(source.onGone).toHaveBeenCalledTimes(1);
  });

  it("may be written to while its browser is going", async () => {
    const { client, output, source, isFinished } = await open();
    await vi.waitUntil(isFinished);
    client.end();
    await vi.waitUntil(() => (output.write("too late\n"), source.onGone.mock.calls.length > 0), { interval: 0 });
    expect(source.onGone).toHaveBeenCalledTimes(1);
  });

  it("tells when the browser goes before it is answered", async () => {
    const { client, source } = await open(() => {});
    client.destroy();
    await vi.waitUntil(() => source.onGone.mock.calls.length > 0);
    expect(source.onGone).toHaveBeenCalledTimes(1);
  });

  it("says so while the browser does not read, and when it reads again", async () => {
    const { client, received, output, source, isFinished } = await open();
    await vi.waitUntil(isFinished);
    client.pause();
    expect(output.needsDrain).toBe(false);
    let count = 0;
    for (; !output.needsDrain; count += 1) {
      output.write(`${"x".repeat(65_535)}\n`);
      await new Promise(setImmediate);
    }
    expect(source.onDrain).not.toHaveBeenCalled();
    client.resume();
    await vi.waitUntil(() => source.onDrain.mock.calls.length > 0);
    expect(output.needsDrain).toBe(false);
    await vi.waitUntil(() => received().split("\r\n\r\n")[1]!.length === count * 65_536);
  });

  it("is idle for longer than requests may take", async () => {
    const { port, source, isFinished } = await open();
    await vi.waitUntil(isFinished);
    const slow = connect(port, "127.0.0.1").resume();
    slow.write(request.slice(0, -10));
    await once(slow, "end");
    expect(source.onGone).not.toHaveBeenCalled();
  });

  it("is closed when a second request comes on its connection, which nobody answers", async () => {
    const { client, received, source, isFinished } = await open();
    await vi.waitUntil(isFinished);
    client.write(request);
    await vi.waitUntil(() => source.onGone.mock.calls.length > 0);
    expect(received().match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});

describe("an answer of somebody else", () => {
  it("is sent as it is, and ends its connection; the next stream is tried again", async () => {
    const { client, received, source, output } = await open((response) => {
      response.writeHead(403, { "content-type": "application/json" });
      response.end('{"error":"no"}');
    });
    output.write("an event\n");
    await once(client, "end");
    expect(received()).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(received().endsWith('\r\n\r\n{"error":"no"}')).toBe(true);
    await vi.waitUntil(() => source.onGone.mock.calls.length > 0);
    expect((await open()).output).toBeInstanceOf(SocketOutput);
  });

  it("that something encodes ends the stream, and later ones go through the body of their answers", async () => {
    const { client, received, output, source } = await open((response, early) => {
      response.setHeader("content-encoding", "gzip");
      answer(response, early);
    });
    output.write("an event\n");
    await once(client, "end");
    expect(received().split("\r\n\r\n")[1]).toBe("");
    await vi.waitUntil(() => source.onGone.mock.calls.length > 0);
    expect((await open(() => {})).output.body).toBeInstanceOf(ReadableStream);
  });

  it("that keeps its connection ends the stream, and later ones go through the body of their answers", async () => {
    const { client, source } = await open((response) => {
      response.setHeader("content-length", "0");
      response.writeHead(200, { ...head, connection: "keep-alive" }).end();
    });
    await once(client, "end");
    await vi.waitUntil(() => source.onGone.mock.calls.length > 0);
    expect((await open(() => {})).output.body).toBeInstanceOf(ReadableStream);
  });

  it("on a platform that may stop a server which has answered is left to it", async () => {
    vi.stubEnv("VERCEL", "1");
    configureNetwork({});
    onTestFinished(() => {
      vi.unstubAllEnvs();
      configureNetwork({});
    });
    const { promise, resolve } = Promise.withResolvers<StreamOutput>();
    await open(() => resolve(openOutput({ onDrain() {}, onGone() {} }, currentExchange())));
    expect((await promise).body).toBeInstanceOf(ReadableStream);
  });

  it("whose head has been sent already leaves the body of the answer", async () => {
    const { promise, resolve } = Promise.withResolvers<StreamOutput>();
    await open((response) => {
      response.writeHead(200, head);
      response.write("something");
      resolve(openOutput({ onDrain() {}, onGone() {} }, currentExchange()));
    });
    expect((await promise).body).toBeInstanceOf(ReadableStream);
  });
});
