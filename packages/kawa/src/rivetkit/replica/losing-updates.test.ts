import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import type { TestSocket } from "../../../test/support/sockets.ts";
import { namespace } from "../../core/namespace.ts";
import type { Signal } from "../../core/signal.ts";
import type { ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { shareSecret } from "../secret/shared-secret.ts";
import { RivetBackend } from "./rivet-backend.ts";

/** One way to the server that is far from the actor, in milliseconds. */
const farMs = 20;

let actor: FakeActor;
let isFar = false;

vi.mock("rivetkit/client", () =>
  fakeClient(
    () => ({ open: (key?: readonly string[]) => (isFar ? late(actor.open(key)) : actor.open(key)) }) as FakeActor,
  ),
);
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));
afterEach(() => vi.restoreAllMocks());

function late(socket: TestSocket): TestSocket {
  const send = socket.send.bind(socket);
  socket.send = (data) => void setTimeout(() => send(data), farMs);
  return socket;
}

async function hotOf(isFarAway: boolean): Promise<Signal<number>> {
  isFar = isFarAway;
  const backend = new RivetBackend({ actorName: "reactiveState", actorId: "global" });
  onTestFinished(() => backend.close());
  const hot = namespace("app", { backend }).signal("hot", 0);
  await hot.get();
  return hot;
}

const asWritten: ReactiveStateActorHooks = { setSignal: (_c, params, next) => next(params) };

describe("an update that loses again and again", () => {
  it.each([
    ["without hooks", {}],
    ["with hooks", asWritten],
  ])("comes first, and a server that is faster waits for it: %s", async (_, hooks) => {
    actor = new FakeActor(hooks);
    await actor.start();
    const [near, far] = [await hotOf(false), await hotOf(true)];
    let isOver = false;
    let others = 0;
    const writing = (async () => {
      for (; !isOver; others += 1) await near.update((n) => n + 1);
    })();
    let runs = 0;
    for (let n = 0; n < 3; n += 1) {
      await far.update((before) => {
        runs += 1;
        return before + 10_000;
      });
    }
    isOver = true;
    await writing;
    expect(runs).toBeGreaterThan(3);
    expect(actor.store.get("app:hot").text).toBe(`[${30_000 + others}]`);
  });
});
