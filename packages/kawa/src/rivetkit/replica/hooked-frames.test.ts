import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { backendOf } from "../../../test/support/backend-of.ts";
import type { AnyHooks } from "../hooks/hooks.ts";
import { deferred } from "../wire/deferred.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import type { RequestMessage } from "../wire/protocol.ts";
import type { RivetBackend } from "./rivet-backend.ts";
import { shareSecret } from "../secret/shared-secret.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));
afterEach(() => hostedServices.clear());

async function start(hooks: AnyHooks): Promise<RivetBackend> {
  actor = new FakeActor(hooks);
  const backend = await backendOf(actor, "in another process");
  await backend.load([]);
  return backend;
}

/** The writes of each frame that has come to the actor. */
function framesOfWrites(): RequestMessage[][] {
  return actor.sockets
    .flatMap(({ peer }) => peer!.sent)
    .map((frame) => [JSON.parse(frame) as RequestMessage | RequestMessage[]].flat())
    .map((requests) => requests.filter(({ type }) => type === "write"))
    .filter(({ length }) => length > 0);
}

type Params = { action: string; key: string; value: unknown; userId?: string };
type Next = (params: Params) => Promise<unknown>;

/** Asked about each write, in order. */
function hookedBy(decide: (params: Params) => unknown): { hooks: AnyHooks; asked: Params[] } {
  const asked: Params[] = [];
  const hook = async (_: unknown, params: Params, next: Next): Promise<unknown> => {
    asked.push(params);
    await decide(params);
    return next(params);
  };
  return { hooks: { setSignal: hook as never }, asked };
}

describe("writes of one turn from a server that does not host the actor, with hooks,", () => {
  it("travel in few frames; hooks see each, as whoever made it, and each has its own answer", async () => {
    const { hooks, asked } = hookedBy(({ value }) => {
      if (value === 7) throw new Error("not seven");
    });
    const backend = await start(hooks);
    const outcomes = Array.from({ length: 200 }, (_, n) =>
      codeOf(() => backend.set(`k${n}`, n, { context: { userId: `u${n}` } })),
    );
    const expected = outcomes.map((__, n) => (n === 7 ? "ACTION_REFUSED" : undefined));
    expect(await Promise.all(outcomes)).toEqual(expected);
    expect(framesOfWrites().flat()).toHaveLength(200);
    // They are made in several turns, so that others have theirs.
    expect(framesOfWrites().length).toBeLessThan(30);
    expect(asked.map(({ key, userId }) => `${key} ${userId}`)).toEqual(
      Array.from({ length: 200 }, (_, n) => `k${n} u${n}`),
    );
    expect(actor.store.get("k7").text).toBeNull();
    expect(actor.store.rowCount).toBe(199);
  });

  it("that come while others are on the way make up the next frame", async () => {
    const { hooks } = hookedBy(() => {});
    const backend = await start(hooks);
    const lanes = Array.from({ length: 50 }, async (_, lane) => {
      for (let n = 0; n < 20; n += 1) await backend.set(`lane:${lane}`, n);
    });
    await Promise.all(lanes);
    expect(framesOfWrites().flat()).toHaveLength(1_000);
    expect(framesOfWrites().length).toBeLessThan(100);
    expect(actor.store.get("lane:49").text).toBe("[19]");
  });

  it("keep the order of each key, and a slow hook holds up its own key alone", async () => {
    const gate = deferred<void>();
    const { hooks, asked } = hookedBy(({ key, value }) => (key === "slow" && value === 1 ? gate.promise : undefined));
    const backend = await start(hooks);
    const slow = [1, 2, 3].map((n) => backend.set("slow", n));
    const fast = [1, 2, 3].map((n) => backend.set("fast", n));
    await Promise.all(fast);
    expect(asked.filter(({ key }) => key === "slow").map(({ value }) => value)).toEqual([1]);
    // More frames go while the first one is unanswered in part.
    await backend.set("other", 1);
    gate.resolve();
    await Promise.all(slow);
    const ofKey = (key: string): unknown[] => asked.filter((each) => each.key === key).map(({ value }) => value);
    expect([ofKey("slow"), ofKey("fast")]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
    expect(actor.store.get("slow").text).toBe("[3]");
  });

  it("are sent again one by one where the actor has another version that takes no frames", async () => {
    const { hooks } = hookedBy(() => {});
    actor = new FakeActor(hooks);
    const backend = await backendOf(actor, "in another process");
    const answer = actor.service.answer.bind(actor.service);
    actor.service.answer = (request) => {
      const reply = answer(request);
      return request.type === "hello" ? ({ ...(reply as object), takesFrames: undefined } as never) : reply;
    };
    await backend.load([]);
    await Promise.all([1, 2, 3].map((n) => backend.set(`k${n}`, n)));
    expect(framesOfWrites().map(({ length }) => length)).toEqual([1, 1, 1]);
  });
});
