import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { createSocketPair, type TestSocket } from "../../../test/support/sockets.ts";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { ActorService } from "./actor-service.ts";
import type { HookContext } from "../hooks/hooks.ts";
import type { ServerFrame, ServerMessage } from "../wire/protocol.ts";
import { serveReplica } from "./serve-replica.ts";
import { shareSecret } from "../secret/shared-secret.ts";
import { issueServerToken } from "../wire/server-token.ts";
import type { SignalStore } from "../store/signal-store.ts";

const audience = '["reactiveState","global"]';

beforeEach(() => shareSecret("a secret of the test"));

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

type Conversation = {
  store: SignalStore;
  db: TestDatabase;
  client: TestSocket;
  server: TestSocket;
  frames: ServerFrame[];
  messages(): ServerMessage[];
  ask(type: string, body?: unknown): void;
};

async function connect(): Promise<Conversation> {
  const db = new TestDatabase();
  const store = await openTestStore(db);
  const [client, server] = createSocketPair();
  const frames: ServerFrame[] = [];
  client.addEventListener("message", (event: { data: string }) => frames.push(JSON.parse(event.data)));
  const context = { actorId: "test" } as HookContext;
  const service = new ActorService({ store, settings: () => ({ hooks: {}, maxValueBytes: 1_000 }), context });
  onTestFinished(() => service.close());
  serveReplica(service, server, audience);
  let id = 0;
  return {
    store,
    db,
    client,
    server,
    frames,
    messages: () => frames.flat(),
    ask: (type, body = {}) => client.send(JSON.stringify({ id: (id += 1), type, body })),
  };
}

async function connectTrusted(): Promise<Conversation> {
  const conversation = await connect();
  conversation.ask("hello", { token: issueServerToken(audience) });
  await nextTurn();
  conversation.frames.length = 0;
  return conversation;
}

/** Until what was sent in this turn has arrived. */
async function nextTurn(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate);
}

describe("a server whose clock goes otherwise", () => {
  const skewMs = 3_600_000;

  function issuedBefore(challenge?: string): string {
    vi.setSystemTime(Date.now() - skewMs);
    const token = issueServerToken(audience, challenge);
    vi.setSystemTime(Date.now() + skewMs);
    return token;
  }

  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));

  it("proves itself by the answer to a challenge, on this socket alone", async () => {
    const [one, other] = [await connect(), await connect()];
    for (const { ask } of [one, other]) ask("hello", { token: issuedBefore() });
    await nextTurn();
    const challenges = [one, other].map(({ messages }) => messages().at(-1) as { body: { challenge: string } });
    const [challenge] = challenges.map(({ body }) => body.challenge);
    expect(challenges).toEqual([1, 1].map((id) => ({ id, body: { challenge: expect.stringMatching(/^[\w-]{36}$/) } })));
    const token = issuedBefore(challenge);
    for (const { ask } of [one, other]) ask("hello", { token });
    await nextTurn();
    expect(one.messages().at(-1)).toMatchObject({ id: 2, body: { seq: 0, hooked: {} } });
    expect([one.server.closedWith, other.server.closedWith]).toEqual([
      undefined,
      expect.objectContaining({ code: 4401 }),
    ]);
  });

  it("is told nothing and asked nothing else before, and never twice for the same", async () => {
    const { ask, messages, server } = await connect();
    ask("hello", { token: issuedBefore() });
    await nextTurn();
    ask("hello", { token: issuedBefore() });
    await nextTurn();
    expect([messages().length, server.closedWith]).toEqual([1, expect.objectContaining({ code: 4401 })]);
    const another = await connect();
    another.ask("hello", { token: issuedBefore() });
    await nextTurn();
    another.ask("read", { keys: ["a"] });
    await nextTurn();
    expect(another.server.closedWith).toMatchObject({ code: 4401 });
  });
});

describe("a socket that has not proved itself", () => {
  it("is closed after 5 s", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { server } = await connect();
    vi.advanceTimersByTime(4_999);
    expect(server.closedWith).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(server.closedWith).toMatchObject({ code: 4408 });
  });

  it("is closed with 4401 when its token is wrong, and told nothing", async () => {
    const { ask, server, frames } = await connect();
    ask("hello", { token: `${Date.now() + 1_000}.AAAA` });
    await nextTurn();
    expect(server.closedWith).toMatchObject({ code: 4401 });
    expect(frames).toEqual([]);
  });

  it.each(["read", "write", "follow", "ping"])("is closed when its first message is %s", async (type) => {
    const { ask, server, frames, store } = await connect();
    ask(type, {
      token: issueServerToken(audience),
      keys: ["a"],
      epoch: "",
      seq: 0,
      client: "c",
      number: 1,
      settled: 1,
      writes: [{ key: "a", text: "[1]" }],
    });
    await nextTurn();
    expect(server.closedWith).toMatchObject({ code: 4401 });
    expect(frames).toEqual([]);
    expect(store.position.seq).toBe(0);
  });

  it.each(["", "{", "[]", "[null]", "[[]]", "42", '"hello"', '{"type":"hello"}', '{"type":"hello","body":null}', "{}"])(
    "is closed when it sends %j",
    async (data) => {
      const { client, server, frames } = await connect();
      client.send(data);
      await nextTurn();
      expect(server.closedWith).toMatchObject({ code: 4401 });
      expect(frames).toEqual([]);
    },
  );

  it("is closed when it sends null, without an unhandled rejection", async () => {
    const rejections: unknown[] = [];
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", (reason) => rejections.push(reason));
    onTestFinished(() => {
      process.removeAllListeners("unhandledRejection");
      for (const listener of others) process.on("unhandledRejection", listener);
    });
    const { client, server } = await connect();
    client.send("null");
    await nextTurn();
    expect(rejections).toEqual([]);
    expect(server.closedWith).toMatchObject({ code: 4401 });
  });

  it("hears no delta", async () => {
    const { store, frames } = await connect();
    await store.write({ client: "c", number: 1, settled: 1, writes: [{ key: "a", text: "[1]" }] });
    await nextTurn();
    expect(frames).toEqual([]);
  });
});

describe("a server with a valid token", () => {
  it("is told position and instance, and is not closed later", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { ask, messages, server, store } = await connect();
    ask("hello", { token: issueServerToken(audience) });
    await nextTurn();
    expect(messages()).toEqual([
      {
        id: 1,
        body: {
          ...store.position,
          instance: store.instance,
          hooked: { reads: false, writes: false, lists: false },
          takesFrames: true,
          takesChanges: true,
        },
      },
    ]);
    vi.advanceTimersByTime(60_000);
    expect(server.closedWith).toBeUndefined();
  });

  it("gets a reply to each request under its number", async () => {
    const { ask, messages, store } = await connectTrusted();
    ask("read", { keys: ["a"] });
    ask("ping");
    await nextTurn();
    expect(messages()).toEqual([
      { id: 2, body: { ...store.position, rows: [["a", null, 0]] } },
      { id: 3, body: store.position },
    ]);
  });

  it("gets a reply to each request of a frame, in order, and the frame after it comes later", async () => {
    const { client, messages } = await connectTrusted();
    const reads = (from: number, count: number): string =>
      JSON.stringify(
        Array.from({ length: count }, (_, at) => ({ id: from + at, type: "read", body: { keys: [`k${at}`] } })),
      );
    client.send(reads(1, 170));
    client.send(reads(171, 2));
    await vi.waitFor(() => expect(messages()).toHaveLength(172));
    expect(messages().map((message) => "id" in message && message.id)).toEqual(
      Array.from({ length: 172 }, (_, at) => at + 1),
    );
  });

  it("begins the requests of a large frame in several turns", async () => {
    const { client, store } = await connectTrusted();
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const requests = Array.from({ length: 500 }, (_, at) => ({
      id: at,
      type: "write",
      body: { client: "c", number: at + 1, settled: 1, writes: [{ key: `k${at}`, text: "[1]" }] },
    }));
    client.send(JSON.stringify(requests));
    await vi.waitFor(() => expect(store.rowCount).toBe(500));
    isOver = true;
    expect(turns).toBeGreaterThanOrEqual(9);
  });

  it("is closed when a frame holds something else than requests", async () => {
    const { client, server } = await connectTrusted();
    client.send('[{"id":1,"type":"ping","body":{}},null]');
    await nextTurn();
    expect(server.closedWith).toMatchObject({ code: 4401 });
  });

  it("hears of no change before it asks to follow, and of every one after", async () => {
    const { ask, messages, store } = await connectTrusted();
    await store.write({ client: "c", number: 1, settled: 1, writes: [{ key: "a", text: "[1]" }] });
    await nextTurn();
    expect(messages()).toEqual([]);
    ask("follow", { epoch: store.position.epoch, seq: 0 });
    await nextTurn();
    ask("seen");
    await store.write({ client: "c", number: 2, settled: 2, writes: [{ key: "a", text: "[2]" }] });
    await nextTurn();
    const { epoch } = store.position;
    expect(messages()).toEqual([
      { id: 2, body: { epoch, seq: 1, rows: [["a", "[1]", 1]] } },
      { delta: { epoch, from: 1, to: 2, rows: [["a", "[2]", 2]] } },
    ]);
  });

  it("gets each delta once, however often it asks to follow", async () => {
    const { ask, messages, store } = await connectTrusted();
    ask("follow", { epoch: "", seq: 0 });
    ask("follow", { epoch: "", seq: 0 });
    await nextTurn();
    ask("seen");
    await store.write({ client: "c", number: 1, settled: 1, writes: [{ key: "a", text: "[1]" }] });
    await nextTurn();
    expect(messages().filter((message) => "delta" in message)).toHaveLength(1);
  });

  it("gets the delta of its write before the reply, both in one frame", async () => {
    const { ask, frames, store } = await connectTrusted();
    ask("follow", { epoch: store.position.epoch, seq: 0 });
    await nextTurn();
    frames.length = 0;
    ask("write", { client: "c", number: 1, settled: 1, writes: [{ key: "a", text: "[1]" }] });
    await nextTurn();
    const { epoch } = store.position;
    expect(frames).toEqual([
      [
        { delta: { epoch, from: 0, to: 1, rows: [["a", "[1]", 1]] } },
        { id: 3, body: { epoch, seq: 1, conflicts: [] } },
      ],
    ]);
  });

  it("never gets a reply after the delta of a later version", async () => {
    const { ask, messages, store } = await connectTrusted();
    ask("follow", { epoch: store.position.epoch, seq: 0 });
    for (let n = 1; n <= 20; n += 1) {
      ask("write", { client: "c", number: n, settled: n, writes: [{ key: "a", text: `[${n}]` }] });
      ask("read", { keys: ["a"] });
      // What comes in one turn is committed together.
      if (n % 2 === 0) await new Promise(setImmediate);
    }
    await nextTurn();
    const steps: { from: number; to: number }[] = [];
    for (const message of messages()) {
      if ("delta" in message) steps.push({ from: message.delta.from, to: message.delta.to });
      else if ("body" in message && "seq" in message.body) steps.push({ from: message.body.seq, to: message.body.seq });
    }
    expect(steps.filter(({ from }, at) => from !== (steps[at - 1]?.to ?? 0))).toEqual([]);
    expect(steps.at(-1)!.to).toBe(store.position.seq);
    expect(store.position.seq).toBeGreaterThanOrEqual(10);
  });

  it("is told when a commit fails, without the reason, and can go on", async () => {
    const report = vi.spyOn(console, "error").mockImplementation(() => {});
    const { ask, messages, db } = await connectTrusted();
    db.before = (sql) => {
      if (sql.startsWith("INSERT INTO")) throw new Error("disk full at /secret/path");
    };
    ask("write", { client: "c", number: 1, settled: 1, writes: [{ key: "a", text: "[1]" }] });
    await nextTurn();
    expect(messages()).toMatchObject([{ id: 2, error: { code: "BACKEND_UNAVAILABLE" } }]);
    expect(JSON.stringify(messages())).not.toContain("disk full");
    expect(report).toHaveBeenCalledTimes(1);
    db.before = () => {};
    ask("write", { client: "c", number: 1, settled: 1, writes: [{ key: "a", text: "[1]" }] });
    await nextTurn();
    expect(messages()[1]).toMatchObject({ id: 3, body: { seq: 1 } });
  });

  it("is closed with 1001 when the actor goes to sleep", async () => {
    const { store, server } = await connectTrusted();
    store.close();
    expect(server.closedWith).toMatchObject({ code: 1001 });
  });

  it("costs nothing after it has gone", async () => {
    const { ask, client, server, store } = await connectTrusted();
    ask("follow", { epoch: "", seq: 0 });
    await nextTurn();
    const sent = server.sent.length;
    client.close();
    await store.write({ client: "c", number: 1, settled: 1, writes: [{ key: "a", text: "[1]" }] });
    await nextTurn();
    expect(server.sent).toHaveLength(sent);
  });
});
