import { beforeEach, describe, expect, it, vi } from "vitest";
import { createSocketPair, type TestSocket } from "../../../test/support/sockets.ts";
import type { RequestMessage } from "../wire/protocol.ts";
import { FrameSocket } from "./frame-socket.ts";

const events = {
  onFrame: vi.fn<() => void>(),
  onMessage: vi.fn<(message: unknown) => void>(),
  onClose: vi.fn<(code: number | undefined) => void>(),
};
const turn = (): Promise<void> => new Promise(setImmediate);
const heartbeat: RequestMessage = { id: 1, type: "ping", body: {} };
let client: TestSocket;
let actor: TestSocket;
let frames: FrameSocket;

beforeEach(() => {
  vi.clearAllMocks();
  [client, actor] = createSocketPair();
  frames = new FrameSocket(client, events);
});

const sent = (): string[] => client.sent.map((text) => (JSON.parse(text) as RequestMessage).type);

describe("a frame", () => {
  it("brings its messages in order", async () => {
    actor.send(JSON.stringify([{ delta: 1 }, { delta: 2 }]));
    await turn();
    expect(events.onFrame).toHaveBeenCalledTimes(1);
    expect(events.onMessage.mock.calls).toEqual([[{ delta: 1 }], [{ delta: 2 }]]);
  });

  it("is acknowledged in the second turn after it, together with others of its turn", async () => {
    actor.send("[]");
    actor.send("[]");
    await turn();
    await turn();
    await turn();
    expect(sent()).toEqual(["seen"]);
  });

  it("is acknowledged by a request that is sent meanwhile", async () => {
    events.onMessage.mockImplementationOnce(() => queueMicrotask(() => frames.send(heartbeat)));
    actor.send(JSON.stringify([{ delta: 1 }]));
    await turn();
    await turn();
    expect(sent()).toEqual(["ping"]);
  });

  it("is acknowledged by what is sent at the end of the turn in which somebody goes on", async () => {
    events.onMessage.mockImplementationOnce(() => setImmediate(() => frames.send(heartbeat)));
    actor.send(JSON.stringify([{ delta: 1 }]));
    await turn();
    await turn();
    await turn();
    expect(sent()).toEqual(["ping"]);
  });

  it("is not acknowledged by what was sent before it", async () => {
    frames.send(heartbeat);
    actor.send("[]");
    await turn();
    await turn();
    await turn();
    expect(sent()).toEqual(["ping", "seen"]);
  });

  it("is not acknowledged on a socket that was closed behind it", async () => {
    actor.send("[]");
    await Promise.resolve();
    frames.close();
    await turn();
    expect(sent()).toEqual([]);
  });
});

it("tells the code with which the actor has closed it, and that it has failed", async () => {
  actor.close(4401);
  await turn();
  client.emit("error");
  expect(events.onClose.mock.calls).toEqual([[4401], [undefined]]);
});

it("may be closed when the other side has closed it", () => {
  client.close = () => {
    throw new Error("it is closed");
  };
  expect(() => frames.close()).not.toThrow();
});

it("is over when the socket takes nothing any more and does not say so", () => {
  client.send = () => {
    throw new Error("it is closing");
  };
  frames.send(heartbeat);
  expect(events.onClose.mock.calls).toEqual([[undefined]]);
});

it("acknowledges with the writes that answer a frame", async () => {
  frames.beginFrames();
  const write = (id: number): RequestMessage => ({
    id,
    type: "write",
    body: { client: "c", number: id, settled: 1, writes: [] },
  });
  events.onMessage.mockImplementationOnce(() => queueMicrotask(() => [1, 2].forEach((id) => frames.send(write(id)))));
  actor.send(JSON.stringify([{ delta: 1 }]));
  await turn();
  await turn();
  expect(client.sent.map((text) => (JSON.parse(text) as RequestMessage[]).map(({ id }) => id))).toEqual([[1, 2]]);
});
