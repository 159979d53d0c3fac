import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { describeBackendContract } from "../../../test/contract/backend-contract.ts";
import { describeCollections } from "../../../test/contract/collections.ts";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { createSocketPair } from "../../../test/support/sockets.ts";
import { TestDatabase } from "../../../test/support/sqlite.ts";
import type { Change, Entry } from "../../core/backend/backend.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { startFailureKey, startFailures } from "../wire/hosted-services.ts";
import { unauthorizedCloseCode } from "../wire/close-codes.ts";
import { RivetBackend } from "./rivet-backend.ts";
import { shareSecret } from "../secret/shared-secret.ts";

/** With a generous limit: these waits end in milliseconds, except on a machine that is busy. */
function waitFor(check: () => void): Promise<void> {
  return vi.waitFor(check, { timeout: 10_000, interval: 10 });
}

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

// Node's promise timers are not among those that fake timers replace.
vi.mock("node:timers/promises", () => ({
  setTimeout: (ms: number, value: unknown, { signal }: { signal?: AbortSignal } = {}) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms, value);
      timer.unref?.();
      signal?.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    }),
}));

beforeEach(async () => {
  shareSecret("a secret of the test");
  actor = new FakeActor();
  await actor.start();
});

afterEach(() => vi.restoreAllMocks());

function createBackend(): RivetBackend {
  const backend = new RivetBackend({ actorName: "reactiveState", actorId: "global" });
  onTestFinished(() => backend.close());
  return backend;
}

const increment = (entry: Entry): number => (entry.state === "present" ? (entry.value as number) : 0) + 1;
const valueIn = (entry: Entry): unknown => (entry.state === "present" ? entry.value : entry.state);

describeBackendContract("RivetBackend", () => new RivetBackend({ actorName: "reactiveState", actorId: "global" }));
describeCollections("RivetBackend", () => new RivetBackend({ actorName: "reactiveState", actorId: "global" }));

describe("two servers", () => {
  it("see each other's writes", async () => {
    const [a, b] = [createBackend(), createBackend()];
    await b.load(["k"]);
    const changed = Promise.withResolvers<Change>();
    b.onChange(changed.resolve);
    await a.set("k", "from a");
    expect((await changed.promise).keys).toEqual(["k"]);
    expect(valueIn(b.entry("k").peek())).toBe("from a");
    expect(b.version).toEqual(a.version);
  });

  it("count 2 x 200 concurrent increments as 400", async () => {
    const servers = [createBackend(), createBackend()];
    await Promise.all(
      servers.flatMap((server) => Array.from({ length: 200 }, () => server.update("count", increment))),
    );
    await servers[0]!.load(["count"]);
    expect(valueIn(servers[0]!.entry("count").peek())).toBe(400);
  });

  it("never show an updater the default of a key that has a value", async () => {
    const [a, b] = [createBackend(), createBackend()];
    await a.set("one", 5);
    await a.set("two", 5);
    await b.load([]);
    const seen: unknown[] = [];
    const note = (entry: Entry): number => {
      seen.push(valueIn(entry));
      return 6;
    };
    const first = b.update("one", note);
    // While the first update loads its key.
    await Promise.resolve().then(() => {});
    const second = b.update("two", note);
    await Promise.all([first, second]);
    expect(seen).toEqual([5, 5]);
  });
});

describe("a change that comes in the same frame as the answer to follow", () => {
  it("is not lost", async () => {
    const backend = createBackend();
    await backend.load(["k"]);
    const { store } = actor;
    const since = store.since.bind(store);
    vi.spyOn(store, "since").mockImplementationOnce((epoch, seq) => {
      const reply = since(epoch, seq);
      // Another server's commit ends in the turn in which the answer is sent.
      void store.write({ client: "another server", number: 1, settled: 1, writes: [{ key: "k", text: '["new"]' }] });
      return reply;
    });
    actor.dropConnections();
    await waitFor(() => expect(store.position.seq).toBe(1));
    await waitFor(() => expect(valueIn(backend.entry("k").peek())).toBe("new"));
  });
});

describe("after the connection was lost", () => {
  it("the backend connects again by itself and has what it missed", async () => {
    const [a, b] = [createBackend(), createBackend()];
    await b.load(["k"]);
    const changes: Change[] = [];
    b.onChange((change) => changes.push(change));
    actor.sockets[0]!.close(1006);
    await a.set("k", "missed");
    await waitFor(() => expect(valueIn(b.entry("k").peek())).toBe("missed"));
    expect(changes.map(({ keys }) => keys)).toEqual([["k"]]);
  });

  it("a write whose answer was lost is applied once", async () => {
    const backend = createBackend();
    await backend.set("count", 1);
    const socket = actor.sockets.at(-1)!;
    socket.send = () => socket.close(1006);
    expect(await backend.update("count", increment)).toBe(2);
    expect(actor.store.read(["count"])).toMatchObject({ seq: 2, rows: [["count", "[2]", 2]] });
    await waitFor(() => expect(valueIn(backend.entry("count").peek())).toBe(2));
  });

  it("another incarnation of the actor has all acknowledged values", async () => {
    const backend = createBackend();
    await backend.set("k", 1);
    await actor.restart();
    await backend.set("k", 2);
    expect(valueIn(backend.entry("k").peek())).toBe(2);
    expect(actor.store.position.seq).toBe(2);
  });

  it("a database that was made anew replaces the old values, even with lower numbers", async () => {
    const backend = createBackend();
    for (let n = 0; n < 5; n += 1) await backend.set("k", `old ${n}`);
    actor.db = new TestDatabase();
    await actor.restart();
    await waitFor(() => expect(backend.entry("k").peek().state).toBe("absent"));
    expect(backend.version).toEqual(actor.store.position);
  });

  it("a gap between deltas is noticed and filled", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const [a, b] = [createBackend(), createBackend()];
    await b.load(["k", "l"]);
    const socket = actor.sockets[0]!;
    const send = socket.send.bind(socket);
    socket.send = () => {};
    await a.set("k", "dropped");
    socket.send = send;
    await a.set("l", "arrives");
    await waitFor(() => expect(valueIn(b.entry("k").peek())).toBe("dropped"));
    expect(valueIn(b.entry("l").peek())).toBe("arrives");
    expect(warn).toHaveBeenCalledTimes(1);
  });
});

describe("the last delta before a silence", () => {
  it("is asked for when a heartbeat tells that it was lost", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    onTestFinished(() => void vi.useRealTimers());
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const [a, b] = [createBackend(), createBackend()];
    await b.load(["k"]);
    const socket = actor.sockets[0]!;
    const send = socket.send.bind(socket);
    socket.send = () => {};
    await a.set("k", "dropped");
    socket.send = send;
    expect(b.entry("k").peek().state).toBe("absent");
    vi.advanceTimersByTime(3_000);
    await waitFor(() => expect(valueIn(b.entry("k").peek())).toBe("dropped"));
  });

  it("is not needed for a server to see its own write", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const backend = createBackend();
    await backend.load(["k"]);
    const socket = actor.sockets[0]!;
    const send = socket.send.bind(socket);
    socket.send = (frame) =>
      send(JSON.stringify((JSON.parse(frame) as object[]).filter((message) => !("delta" in message))));
    await backend.set("k", "own");
    expect(valueIn(backend.entry("k").peek())).toBe("own");
  });
});

describe("an effect of the application that throws", () => {
  it("keeps no later change from its server", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const [a, b] = [createBackend(), createBackend()];
    await b.load(["k"]);
    b.onChange(({ version }) => {
      if (version.seq === 1) throw new Error("a listener's own mistake");
    });
    await a.set("k", 1).catch(() => {});
    await a.set("k", 2);
    await waitFor(() => expect(valueIn(b.entry("k").peek())).toBe(2));
    expect(actor.sockets.flatMap(({ peer }) => peer!.listenerErrors)).toEqual([]);
    expect(actor.sockets).toHaveLength(2);
  });
});

describe("an actor that cannot be reached", () => {
  it("makes reads and writes reject with BACKEND_TIMEOUT and the reason after 38 s", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    actor.refusal = new Error("connection refused");
    const backend = createBackend();
    const outcomes = Promise.all([
      caught(() => backend.set("a", 1)),
      caught(() => backend.update("b", increment)),
      caught(() => backend.load(["c"])),
    ]);
    let isSettled = false;
    void outcomes.then(() => (isSettled = true));
    await vi.advanceTimersByTimeAsync(37_900);
    expect(isSettled).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    for (const error of await outcomes) {
      expect(error).toMatchObject({ code: "BACKEND_TIMEOUT" });
      expect((error as Error).cause).toBeInstanceOf(Error);
    }
  });

  it("says of a write that was sent that it may have been applied", async () => {
    const backend = createBackend();
    await backend.load([]);
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const open = actor.open;
    actor.open = () => {
      const client = open();
      const send = client.send.bind(client);
      client.send = (data) => (data.includes('"type":"write"') ? client.close(1006) : send(data));
      return client;
    };
    actor.dropConnections();
    const outcome = caught(() => backend.set("a", 1));
    await vi.advanceTimersByTimeAsync(39_000);
    expect(await outcome).toMatchObject({
      code: "BACKEND_TIMEOUT",
      message: expect.stringContaining("may or may not have been applied"),
    });
  });

  it("is reached as soon as it is back, and nothing is lost", async () => {
    actor.refusal = new Error("connection refused");
    const backend = createBackend();
    const written = backend.set("a", 1);
    await new Promise(setImmediate);
    expect(backend.status).toBe("connecting");
    actor.refusal = undefined;
    await written;
    expect(backend.status).toBe("connected");
    expect(actor.store.position.seq).toBe(1);
  });

  it("for a reason that no retry mends fails what waits at once", async () => {
    const backend = createBackend();
    actor.open = () => {
      const [client, server] = createSocketPair();
      server.addEventListener("message", () => server.close(unauthorizedCloseCode));
      return client;
    };
    expect(await codeOf(() => backend.set("a", 1))).toBe("UNAUTHORIZED");
  });
});

describe("large data", () => {
  it("is read in frames below the 32 MiB that the engine lets through", async () => {
    const keys = Array.from({ length: 150 }, (_, n) => `big:${n}`);
    const insert = actor.db.sqlite.prepare("INSERT INTO signals (key, value, seq) VALUES (?, ?, 1)");
    for (const key of keys) insert.run(key, JSON.stringify(["x".repeat(250_000)]));
    await actor.restart();
    const backend = createBackend();
    await backend.load(keys);
    expect(keys.every((key) => backend.entry(key).peek().state === "present")).toBe(true);
    const largest = Math.max(...actor.sockets.flatMap((socket) => socket.sent.map(({ length }) => length)));
    expect(largest).toBeLessThan(32 * 1024 * 1024);
  });
});

describe("an actor that could not start in this process", () => {
  const key = startFailureKey("reactiveState", ["global"]);

  it("is an error of those who wait for it, until it has started anywhere", async () => {
    actor.refusal = new Error("not started");
    startFailures.set(key, new KawaError("STORE_INCOMPLETE", "Commits are missing."));
    const backend = createBackend();
    expect(await codeOf(() => backend.set("k", 1))).toBe("STORE_INCOMPLETE");
    actor.refusal = undefined;
    await backend.set("k", 2);
    expect(startFailures.has(key)).toBe(false);
  });
});
