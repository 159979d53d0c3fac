import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { KawaError } from "../../core/errors/errors.ts";
import { shareSecret } from "../secret/shared-secret.ts";
import type { RequestMessage } from "../wire/protocol.ts";
import { ActorLink } from "./actor-link.ts";
import type { ActorAddress } from "./open-socket.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({ host: () => ({ start: async () => ({ endpoint: "http://test" }) }) }));

beforeEach(async () => {
  shareSecret("a secret of the test");
  vi.spyOn(console, "warn").mockImplementation(() => {});
  actor = new FakeActor();
  await actor.start();
});

afterEach(() => vi.restoreAllMocks());

const closed = new KawaError("BACKEND_CLOSED", "It was closed.");
const soon = (): number => performance.now() + 20_000;
const waitFor = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 15_000, interval: 5 });

function createLink(address: Partial<ActorAddress> = {}): ActorLink {
  const link = new ActorLink({ actorName: "reactiveState", actorId: "global", ...address });
  onTestFinished(() => link.close(closed));
  return link;
}

async function createLinkInStep(): Promise<ActorLink> {
  const link = createLink();
  const connection = await link.whenConnected(soon());
  await link.read(connection, ["k"]);
  return link;
}

function commit(key: string, value: string): Promise<unknown> {
  return actor.store.write({ number: 0, settled: 0, writes: [{ key, text: JSON.stringify([value]) }] });
}

/** What the replica of a link shows. */
function shown(link: ActorLink, key: string): unknown {
  const entry = link.replica.cell(key).peek();
  return entry.state === "present" ? entry.value : entry.state;
}

/** From now on replies to `follow` wait; each release lets the oldest go. */
function holdFollow(): { readonly asked: number; release(): void } {
  const { service } = actor;
  const answer = service.answer.bind(service);
  const waiting: (() => void)[] = [];
  let asked = 0;
  service.answer = (request: RequestMessage) => {
    if (request.type !== "follow") return answer(request);
    asked += 1;
    const reply = answer(request);
    return new Promise((resolve) => waiting.push(() => resolve(reply)));
  };
  return {
    get asked() {
      return asked;
    },
    release: () => waiting.shift()!(),
  };
}

/** The last delta does not reach the link. */
async function loseDelta(key: string, value: string): Promise<void> {
  const socket = actor.sockets.at(-1)!;
  const send = socket.send.bind(socket);
  const lost = vi.fn<(data: string) => void>();
  socket.send = lost;
  await commit(key, value);
  await waitFor(() => expect(lost).toHaveBeenCalled());
  socket.send = send;
}

describe("a link that is idle", () => {
  it("asks for nothing by itself", async () => {
    const link = createLink();
    await new Promise(setImmediate);
    expect([link.status, link.isCut, actor.sockets.length]).toEqual(["idle", false, 0]);
  });

  it("connects when it is asked, once for all who ask", async () => {
    const link = createLink();
    const asking = [link.whenConnected(soon()), link.whenConnected(soon())];
    expect([link.status, link.isCut]).toEqual(["connecting", true]);
    const [one, other] = await Promise.all(asking);
    expect(one).toBe(other);
    expect([link.status, link.isCut, actor.sockets.length]).toEqual(["connected", false, 1]);
  });
});

describe("a link that connects", () => {
  it("tries again when it could not", async () => {
    actor.refusal = new Error("connection refused");
    const open = vi.spyOn(actor, "open");
    const link = createLink();
    const asking = link.whenConnected(soon());
    await waitFor(() => expect(open.mock.calls.length).toBeGreaterThan(2));
    expect([link.status, link.isCut]).toEqual(["connecting", true]);
    actor.refusal = undefined;
    await asking;
    expect(link.status).toBe("connected");
  });

  it("catches up when it is connected: only then those who ask may go on", async () => {
    const follow = holdFollow();
    const link = createLink();
    let isInStep = false;
    const asking = link.whenConnected(soon()).then(() => (isInStep = true));
    await waitFor(() => expect(follow.asked).toBe(1));
    expect([link.status, link.isCut, isInStep]).toEqual(["connected", true, false]);
    follow.release();
    await asking;
    expect(link.isCut).toBe(false);
    expect(link.replica.version).toEqual(actor.store.position);
  });
});

describe("a link that catches up", () => {
  it("holds deltas back, and shows them when it is told what it has missed", async () => {
    const link = await createLinkInStep();
    const follow = holdFollow();
    await loseDelta("k", "missed");
    await commit("l", "tells that one is missing");
    await waitFor(() => expect(follow.asked).toBe(1));
    await commit("k", "held");
    await new Promise(setImmediate);
    expect(shown(link, "k")).toBe("absent");
    follow.release();
    await waitFor(() => expect(shown(link, "k")).toBe("held"));
    expect(follow.asked).toBe(1);
  });

  it("catches up again when a delta is missing among those that it has held back", async () => {
    const link = await createLinkInStep();
    const follow = holdFollow();
    await loseDelta("k", "missed");
    await commit("l", "tells that one is missing");
    await waitFor(() => expect(follow.asked).toBe(1));
    await loseDelta("k", "missed too");
    await commit("l", "tells it again");
    await new Promise(setImmediate);
    follow.release();
    await waitFor(() => expect(follow.asked).toBe(2));
    follow.release();
    await waitFor(() => expect(shown(link, "k")).toBe("missed too"));
  });

  it("connects anew when the connection ends, and what the old one tells later changes nothing", async () => {
    const follow = holdFollow();
    const link = createLink();
    const asking = link.whenConnected(soon());
    await waitFor(() => expect(follow.asked).toBe(1));
    actor.dropConnections();
    await waitFor(() => expect(follow.asked).toBe(2));
    follow.release();
    await new Promise(setImmediate);
    expect(link.replica.version.epoch).toBe("");
    follow.release();
    await asking;
    expect(actor.sockets).toHaveLength(2);
    expect(link.replica.version).toEqual(actor.store.position);
  });
});

describe("a link that is in step", () => {
  it("shows each delta", async () => {
    const link = await createLinkInStep();
    await commit("k", "new");
    await waitFor(() => expect(shown(link, "k")).toBe("new"));
  });

  it("catches up when the actor is further than it", async () => {
    const link = await createLinkInStep();
    await loseDelta("k", "missed");
    await link.whenReached(actor.store.position, soon());
    expect(shown(link, "k")).toBe("missed");
    expect(link.status).toBe("connected");
  });

  it("connects anew when the connection ends, and has what it has missed", async () => {
    const link = await createLinkInStep();
    actor.refusal = new Error("connection refused");
    actor.dropConnections();
    await waitFor(() => expect([link.status, link.isCut]).toEqual(["connecting", true]));
    await commit("k", "missed");
    actor.refusal = undefined;
    await link.whenConnected(soon());
    expect(shown(link, "k")).toBe("missed");
    expect(actor.sockets).toHaveLength(2);
  });

  it("connects anew when a request has failed", async () => {
    const link = await createLinkInStep();
    const attempts: unknown[] = [];
    await link.ask(soon(), async (connection) => {
      attempts.push(connection);
      if (attempts.length === 1) throw new KawaError("BACKEND_UNAVAILABLE", "It failed.");
    });
    expect(new Set(attempts).size).toBe(2);
  });
});

/** From now on nothing of the actor arrives on the sockets that are open, and nobody says so. */
function silence(): void {
  for (const socket of actor.sockets) socket.send = () => {};
}

describe("a link from which nothing comes", () => {
  it("connects anew beside the silent connection, and has what it has missed", async () => {
    const link = await createLinkInStep();
    silence();
    await commit("k", "missed");
    await waitFor(() => expect(link.isCut).toBe(true));
    await waitFor(() => expect([link.isCut, shown(link, "k")]).toEqual([false, "missed"]));
    expect(actor.sockets.map(({ readyState }) => readyState)).toEqual([3, 1]);
    await commit("k", "new");
    await waitFor(() => expect(shown(link, "k")).toBe("new"));
  }, 20_000);

  it("asks again on the new connection what the silent one did not answer", async () => {
    const link = await createLinkInStep();
    silence();
    const asked = link.ask(soon(), (connection) =>
      connection.ask("list", { prefix: "", after: "", withValues: false }),
    );
    expect(await asked).toMatchObject({ after: null });
    expect(actor.sockets).toHaveLength(2);
  }, 20_000);
});

describe("a reader after a freeze", () => {
  /** As if the process had been stopped. */
  const freeze = (ms = 60_000): void => {
    const now = Date.now();
    vi.spyOn(Date, "now").mockImplementation(() => now + ms);
  };

  it("has nothing to wait for while the link is in step", async () => {
    expect((await createLinkInStep()).proof.isNeeded).toBe(false);
  });

  it("waits until the actor has told that nothing was missed, all readers together", async () => {
    const link = await createLinkInStep();
    const ping = vi.spyOn(actor.service, "answer");
    freeze();
    expect(link.proof.isNeeded).toBe(true);
    await Promise.all([link.proof.prove(), link.proof.prove()]);
    expect(ping.mock.calls.map(([{ type }]) => type)).toEqual(["ping"]);
    expect(link.proof.isNeeded).toBe(false);
  });

  it("sees what was missed meanwhile", async () => {
    const link = await createLinkInStep();
    await loseDelta("k", "missed");
    freeze();
    await link.proof.prove();
    expect(shown(link, "k")).toBe("missed");
  });

  it("is led to another connection where the one before is dead", async () => {
    const link = await createLinkInStep();
    silence();
    await commit("k", "missed");
    freeze();
    await link.proof.prove();
    expect(shown(link, "k")).toBe("missed");
    expect(actor.sockets).toHaveLength(2);
  });

  it("waits once where the actor cannot be reached, and again after the next freeze", async () => {
    const link = await createLinkInStep();
    silence();
    actor.refusal = new Error("connection refused");
    freeze();
    await link.proof.prove();
    expect([link.isCut, link.proof.isNeeded]).toEqual([true, false]);
    actor.refusal = undefined;
    await waitFor(() => expect(link.isCut).toBe(false));
    freeze(10_000);
    expect(link.proof.isNeeded).toBe(true);
  }, 20_000);
});

describe("a link of who looks after shards", () => {
  it("is told answers alone, and misses nothing: what servers write may be more than what it asks for", async () => {
    const link = createLink({ isForShards: true });
    const connection = await link.whenConnected(soon());
    const frames = vi.spyOn(actor.sockets[0]!, "send");
    for (let n = 0; n < 20; n += 1) await commit(`k${n}`, "v");
    const { rows } = await connection.ask("read", { keys: ["k19"], isPastHooks: true });
    expect(rows).toEqual([["k19", '["v"]', actor.store.position.seq]]);
    // The first beat has told the position of the actor.
    await waitFor(() => expect(frames.mock.calls.length).toBeGreaterThan(1));
    expect(frames.mock.calls.filter(([frame]) => frame.includes("delta"))).toEqual([]);
    expect([link.isCut, vi.mocked(console.warn).mock.calls]).toEqual([false, []]);
  });
});

describe("a link that is closed", () => {
  const starts: Record<string, () => Promise<ActorLink>> = {
    "while it is idle": async () => createLink(),
    "while it connects": async () => {
      actor.refusal = new Error("connection refused");
      const link = createLink();
      void link.whenConnected(soon()).catch(() => {});
      return link;
    },
    "while it catches up": async () => {
      const follow = holdFollow();
      const link = createLink();
      void link.whenConnected(soon()).catch(() => {});
      await waitFor(() => expect(follow.asked).toBe(1));
      return link;
    },
    "while it is in step": createLinkInStep,
  };

  it.each(Object.keys(starts))("%s stays so, and leaves no socket behind", async (when) => {
    const link = await starts[when]!();
    const waiting = codeOf(() => link.whenReached({ epoch: link.replica.version.epoch, seq: 0 }, soon()));
    link.close(closed);
    expect([link.status, link.isCut, link.isLocal]).toEqual(["closed", false, false]);
    expect(await codeOf(() => link.whenConnected(soon()))).toBe("BACKEND_CLOSED");
    expect(await waiting).toBeUndefined();
    actor.refusal = undefined;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(link.status).toBe("closed");
    expect(actor.sockets.every(({ readyState }) => readyState === 3)).toBe(true);
  });

  it("tells those who wait for a connection", async () => {
    actor.refusal = new Error("connection refused");
    const link = createLink();
    const asking = codeOf(() => link.whenConnected(soon()));
    link.close(closed);
    expect(await asking).toBe("BACKEND_CLOSED");
  });
});
