import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { createSocketPair, type TestSocket } from "../../../test/support/sockets.ts";
import { shareSecret } from "../secret/shared-secret.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import { unauthorizedCloseCode } from "../wire/close-codes.ts";
import { type Hooked, type RequestMessage, type RequestName } from "../wire/protocol.ts";
import { Connection } from "./connection.ts";

const address = { actorName: "reactiveState", actorId: "global" };
const unhooked: Hooked = { reads: false, writes: false, lists: false };
const position = { epoch: "e", seq: 7 };
const events = { onDelta: vi.fn<() => void>(), onPosition: vi.fn<() => void>(), onLate: vi.fn<() => void>() };

/** What the client's end is given; each test sets it before it opens. */
let openEnd: () => Promise<TestSocket>;
let hooked: Hooked;
/** The actor's end of the last socket. */
let actor: TestSocket;
/** Requests that the actor does not answer. */
let unanswered: Set<RequestName>;

vi.mock("rivetkit/client", () => ({
  createClient: () => ({ reactiveState: { getOrCreate: () => ({ webSocket: () => openEnd() }) } }),
}));
vi.mock("../host/host.ts", () => ({ host: () => ({ start: async () => ({ endpoint: "http://test" }) }) }));

const service = {
  answer: vi.fn<(request: RequestMessage) => Promise<never>>(async () => position as never),
  listen: vi.fn<(onDelta: () => void, onClose: () => void) => () => void>(),
  noticeNewHooks: () => {},
};
const stopListening = vi.fn<() => void>();

beforeEach(() => {
  vi.useFakeTimers();
  shareSecret("a secret of the test");
  hooked = unhooked;
  unanswered = new Set();
  openEnd = async () => {
    const [client, server] = createSocketPair();
    actor = server;
    server.addEventListener("message", ({ data }: { data: string }) => {
      const { id, type } = JSON.parse(data) as RequestMessage;
      if (type === "seen" || unanswered.has(type)) return;
      const body = type === "hello" ? { ...position, instance: "here", hooked } : position;
      server.send(JSON.stringify([{ id, body }]));
    });
    return client;
  };
  service.listen.mockReturnValue(stopListening);
});

afterEach(() => {
  hostedServices.clear();
  vi.clearAllMocks();
  vi.useRealTimers();
});

const isOver = async (connection: Connection): Promise<boolean> => {
  const open = Symbol("open");
  return (await Promise.race([connection.closed, Promise.resolve().then(() => open)])) !== open;
};
const follow = (connection: Connection): Promise<unknown> => connection.ask("follow", { epoch: "", seq: 0 });
const openLocal = (): Promise<Connection> => {
  hostedServices.set("here", service);
  return Connection.open(address, events);
};
const openers = { remote: () => Connection.open(address, events), local: openLocal };

describe("a connection that greets", () => {
  it("is remote where the actor is elsewhere: requests go over the socket", async () => {
    const connection = await openers.remote();
    expect(connection.isLocal).toBe(false);
    expect(await follow(connection)).toEqual(position);
    expect(service.answer).not.toHaveBeenCalled();
  });

  it("is local where the actor is in this process: requests go to it directly, heartbeats over the socket", async () => {
    const connection = await openers.local();
    expect(connection.isLocal).toBe(true);
    expect(await follow(connection)).toEqual(position);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(service.answer.mock.calls.map(([{ type }]) => type)).toEqual(["follow"]);
    expect(events.onPosition).toHaveBeenCalledExactlyOnceWith(position);
  });

  it.each([
    ["the actor knows another secret", unauthorizedCloseCode, "UNAUTHORIZED"],
    ["the socket closes", 1006, "BACKEND_UNAVAILABLE"],
  ])("has ended when %s", async (_, code, expected) => {
    unanswered.add("hello");
    const opening = codeOf(() => openers.remote());
    await vi.advanceTimersByTimeAsync(1);
    actor.close(code);
    expect(await opening).toBe(expected);
  });

  it("has ended when nobody answers the hello in time, and closes its socket", async () => {
    unanswered.add("hello");
    const opening = codeOf(() => openers.remote());
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await opening).toBe("BACKEND_TIMEOUT");
    expect(actor.readyState).toBe(3);
  });

  it("does not follow an actor of this process when the socket has closed behind the hello", async () => {
    const open = openEnd;
    openEnd = async () => {
      const socket = await open();
      socket.addEventListener("message", () => socket.emit("close", { code: 1006 }));
      return socket;
    };
    expect(await codeOf(() => openers.local())).toBe("BACKEND_UNAVAILABLE");
    expect(service.listen).not.toHaveBeenCalled();
  });

  it("takes no socket that comes too late", async () => {
    const late = Promise.withResolvers<TestSocket>();
    const open = openEnd;
    openEnd = () => late.promise;
    const opening = codeOf(() => openers.remote());
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await opening).toBe("BACKEND_TIMEOUT");
    late.resolve(await open());
    await vi.advanceTimersByTimeAsync(1);
    expect(actor.readyState).toBe(3);
  });

  it.each(["close", "error"])("has ended when the socket does not open, but tells %s", async (type) => {
    const [client] = createSocketPair();
    client.readyState = 0;
    openEnd = async () => client;
    const opening = codeOf(() => openers.remote());
    await vi.advanceTimersByTimeAsync(1);
    client.emit(type);
    expect(await opening).toBe("BACKEND_UNAVAILABLE");
  });
});

describe.each(["remote", "local"] as const)("a %s connection", (kind) => {
  const endings: Record<string, (connection: Connection) => unknown> = {
    "it is closed": (connection) => connection.close(),
    "the socket closes": () => actor.close(1006),
    "the socket fails": () => actor.peer!.emit("error"),
    "nothing comes for longer than eight seconds": async () => {
      unanswered.add("ping");
      await vi.advanceTimersByTimeAsync(9_001);
    },
    "a reply is late": async (connection) => {
      unanswered.add("follow");
      service.answer.mockReturnValueOnce(new Promise(() => {}));
      const asked = codeOf(() => follow(connection));
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await asked).toBe("BACKEND_TIMEOUT");
    },
    ...(kind === "local" ? { "the incarnation ends": () => service.listen.mock.calls[0]![1]() } : {}),
  };

  it.each(Object.keys(endings))("ends when %s, and stays so", async (ending) => {
    const connection = await openers[kind]();
    await endings[ending]!(connection);
    await vi.advanceTimersByTimeAsync(1);
    expect(await isOver(connection)).toBe(true);
    expect(connection.isLocal).toBe(false);
    expect(actor.readyState).toBe(3);
    expect(stopListening).toHaveBeenCalledTimes(kind === "local" ? 1 : 0);
    expect(await codeOf(() => follow(connection))).toBe("BACKEND_UNAVAILABLE");
    expect(vi.getTimerCount()).toBe(0);

    connection.close();
    actor.peer!.emit("close", { code: unauthorizedCloseCode });
    expect(await codeOf(() => follow(connection))).toBe("BACKEND_UNAVAILABLE");
    expect(stopListening).toHaveBeenCalledTimes(kind === "local" ? 1 : 0);
  });

  it("rejects what it was asked when it ends", async () => {
    const connection = await openers[kind]();
    unanswered.add("follow");
    service.answer.mockReturnValueOnce(new Promise(() => {}));
    const asked = codeOf(() => follow(connection));
    connection.close();
    expect(await asked).toBe("BACKEND_UNAVAILABLE");
  });

  it("is quiet while the reply to a heartbeat is late", async () => {
    const connection = await openers[kind]();
    unanswered.add("ping");
    await vi.advanceTimersByTimeAsync(3_500);
    expect(connection.isQuiet).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(connection.isQuiet).toBe(true);
    expect(await isOver(connection)).toBe(false);
  });

  it("says after 4 s that it is quiet, and again after it was heard", async () => {
    const connection = await openers[kind]();
    const told = vi.fn<() => void>();
    void connection.whenQuiet().then(told);
    unanswered.add("ping");
    await vi.advanceTimersByTimeAsync(3_999);
    expect(told).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(told).toHaveBeenCalledTimes(1);
    unanswered.clear();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(connection.isQuiet).toBe(false);
    void connection.whenQuiet().then(told);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(told).toHaveBeenCalledTimes(1);
  });

  it("is quiet at once after a freeze, and ends only by its own ticks", async () => {
    const connection = await openers[kind]();
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(connection.isQuiet).toBe(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([connection.isQuiet, connection.isOver]).toEqual([false, false]);
  });

  it("is quiet after a freeze until the actor answers what it is asked then, whatever comes before", async () => {
    const connection = await openers[kind]();
    unanswered.add("ping");
    vi.setSystemTime(Date.now() + 20_000);
    actor.send(JSON.stringify([]));
    await vi.advanceTimersByTimeAsync(1);
    expect(connection.isQuiet).toBe(true);
    unanswered.clear();
    await vi.advanceTimersByTimeAsync(1_000);
    expect([connection.isQuiet, connection.isOver]).toEqual([false, false]);
  });

  it("goes on when a hook takes its time", async () => {
    hooked = { ...unhooked, writes: true };
    const connection = await openers[kind]();
    unanswered.add("write");
    service.answer.mockReturnValueOnce(new Promise(() => {}));
    const asked = codeOf(() => connection.ask("write", { client: "c", number: 1, settled: 1, writes: [] }));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await asked).toBe("BACKEND_TIMEOUT");
    expect(await isOver(connection)).toBe(false);
  });
});

it("a remote connection whose actor tells that it knows another secret says so to all who ask", async () => {
  const connection = await openers.remote();
  unanswered.add("follow");
  const asked = codeOf(() => follow(connection));
  actor.close(unauthorizedCloseCode);
  expect(await asked).toBe("UNAUTHORIZED");
  expect(await codeOf(() => follow(connection))).toBe("UNAUTHORIZED");
});
