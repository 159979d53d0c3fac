import { UserError } from "rivetkit";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { createPresentEntry } from "../../core/backend/entry.ts";
import type { ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { withoutHooks } from "../hooks/hook-chain.ts";
import { shareSecret } from "../secret/shared-secret.ts";
import { RivetBackend } from "./rivet-backend.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));
afterEach(() => vi.restoreAllMocks());

async function startActor(hooks: ReactiveStateActorHooks = {}): Promise<void> {
  actor = new FakeActor(hooks);
  await actor.start();
}

function createBackend(): RivetBackend {
  const backend = new RivetBackend({ actorName: "reactiveState", actorId: "global" });
  onTestFinished(() => backend.close());
  return backend;
}

const zero = createPresentEntry(0, "[0]");
const increment = (backend: RivetBackend, key = "n", options = {}): Promise<unknown> =>
  backend.change(key, { increment: 1 }, zero, options);
const stored = (key = "n"): string | null => actor.store.get(key).text;

describe("a hook of writes", () => {
  it("sees what each change makes, in their order, and none slips past it", async () => {
    const seen: unknown[] = [];
    await startActor({
      setSignal: async (_, params, next) => {
        seen.push(params.value);
        await new Promise((resolve) => setTimeout(resolve, 2));
        if ((params.value as number) > 3) throw new UserError("No more than 3.");
        return next(params);
      },
    });
    const [a, b] = [createBackend(), createBackend()];
    const made = await Promise.all([a, b, a, b, a].map((one) => increment(one).catch((error) => error.code)));
    expect(made.toSorted()).toEqual([1, 2, 3, "ACTION_REFUSED", "ACTION_REFUSED"]);
    expect(seen).toEqual([1, 2, 3, 4, 4]);
    expect(stored()).toBe("[3]");
  });

  it("is asked before anybody is told which bounds a number keeps", async () => {
    await startActor({
      setSignal: async (_, params, next) => {
        if (params.userId !== "ada") throw new UserError("Not yours.");
        return next(params);
      },
    });
    const backend = createBackend();
    const [ada, bob] = [{ context: { userId: "ada" } }, { context: { userId: "bob" } }];
    await backend.set("n", 5, ada);
    const spend = (amount: number, by: object): Promise<unknown> =>
      backend.change("n", { increment: -amount, min: 0 }, zero, by);
    const spendBoth = (amount: number, by: object): Promise<void> =>
      backend.transact(
        async () => [
          { key: "other", value: 1 },
          { key: "n", changes: [{ increment: -amount, min: 0 }], initial: zero },
        ],
        by,
      );
    for (const amount of [3, 8]) {
      expect(await caught(() => spend(amount, bob))).toMatchObject({
        code: "ACTION_REFUSED",
        data: { isPublic: true },
      });
      expect(await codeOf(() => spendBoth(amount, bob))).toBe("ACTION_REFUSED");
    }
    expect(await caught(() => spend(8, ada))).toMatchObject({ code: "CHANGE_REFUSED", data: { key: "n", value: 5 } });
    expect(await caught(() => spendBoth(8, ada))).toMatchObject({
      code: "CHANGE_REFUSED",
      data: { key: "n", value: 5 },
    });
    expect([stored(), stored("other")]).toEqual(["[5]", null]);
    await spendBoth(3, ada);
    expect([stored(), stored("other")]).toEqual(["[2]", "[1]"]);
  });

  it("may make another value of it, and the caller gets that number", async () => {
    await startActor({
      setSignal: (_, params, next) => next({ ...params, value: Math.min(params.value as number, 2) }),
    });
    const backend = createBackend();
    expect(await Promise.all([increment(backend), increment(backend), increment(backend)])).toEqual([1, 2, 2]);
    expect(stored()).toBe("[2]");
  });

  it("is asked again where another write has come before it has answered", async () => {
    const seen: unknown[] = [];
    await startActor({
      setSignal: async (_, params, next) => {
        seen.push(params.value);
        if (seen.length === 1) await actor.store.write({ number: 0, settled: 0, writes: [{ key: "n", text: "[10]" }] });
        return next(params);
      },
    });
    expect(await increment(createBackend())).toBe(11);
    expect(seen).toEqual([1, 11]);
    expect(stored()).toBe("[11]");
  });

  it("that makes the same change again is told of the loop at once", async () => {
    await startActor({
      setSignal: async (_, params, next) => {
        await increment(backend);
        return next(params);
      },
    });
    const backend = createBackend();
    expect(await codeOf(() => increment(backend))).toBe("HOOK_LOOP");
  });

  it("that writes the same key each time ends in a conflict", async () => {
    await startActor({
      setSignal: async (_, params, next) => {
        await withoutHooks(() => increment(backend));
        return next(params);
      },
    });
    const backend = createBackend();
    expect(await codeOf(() => increment(backend))).toBe("UPDATE_CONFLICT");
  });

  it("is asked about the value as it stays where a change is refused", async () => {
    const seen: unknown[] = [];
    await startActor({ setSignal: (_, params, next) => (seen.push(params.value), next(params)) });
    const backend = createBackend();
    const error = await caught(() => backend.change("n", { increment: -1, min: 0 }, zero));
    expect(error).toMatchObject({ code: "CHANGE_REFUSED", data: { value: 0 } });
    expect(seen).toEqual([0]);
  });

  it("that leaves a change out tells nothing of it, refused or not", async () => {
    let isOpen = true;
    await startActor({ setSignal: (_, params, next) => (isOpen ? next(params) : undefined) });
    const backend = createBackend();
    await backend.set("n", 5);
    isOpen = false;
    for (const by of [-3, -8]) expect(await backend.change("n", { increment: by, min: 0 }, zero)).toBe(5);
    expect(stored()).toBe("[5]");
  });
});

describe("an actor of an earlier version", () => {
  it.each<[string, ReactiveStateActorHooks]>([
    ["without hooks", {}],
    ["with hooks", { setSignal: (_, params, next) => next(params) }],
  ])("%s is given the results of changes, and none is lost", async (_, hooks) => {
    await startActor(hooks);
    const answer = actor.service.answer.bind(actor.service);
    const asked: string[] = [];
    actor.service.answer = (request) => {
      asked.push(JSON.stringify(request));
      const reply = answer(request);
      return request.type === "hello" ? ({ ...(reply as object), takesChanges: undefined } as never) : reply;
    };
    const [a, b] = [createBackend(), createBackend()];
    const made = await Promise.all([a, b, a, b].map((one) => increment(one)));
    expect(made.toSorted()).toEqual([1, 2, 3, 4]);
    expect(await codeOf(() => a.change("n", { increment: 1, max: 4 }, zero))).toBe("CHANGE_REFUSED");
    expect(await a.change("list", { append: [1] }, createPresentEntry(0, "[[]]"))).toBeUndefined();
    expect(stored()).toBe("[4]");
    expect(asked.filter((text) => text.includes('"changes"'))).toEqual([]);
  });
});

describe("changes of two servers", () => {
  it("are never in conflict: each is sent once", async () => {
    await startActor();
    const write = vi.spyOn(actor.store, "write");
    const backends = [createBackend(), createBackend()];
    await Promise.all(backends.map((one) => one.load(["n"])));
    await Promise.all(backends.flatMap((one) => Array.from({ length: 100 }, () => increment(one))));
    expect(stored()).toBe("[200]");
    const sent = write.mock.calls.flatMap(([{ writes }]) =>
      writes.flatMap((one) => ("changes" in one ? one.changes : [])),
    );
    expect(sent).toHaveLength(200);
  });
});
