import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { backendOf, type Place } from "../../../test/support/backend-of.ts";
import { effect } from "../../core/effect.ts";
import { namespace } from "../../core/namespace.ts";
import { withContext } from "../identity/context.ts";
import { currentHook, withoutHooks } from "../hooks/hook-chain.ts";
import type { AnyHooks } from "../hooks/hooks.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import { shareSecret } from "../secret/shared-secret.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));
afterEach(() => hostedServices.clear());

describe.each<Place>(["beside the actor", "in another process"])("what follows from a change, %s,", (place) => {
  /** An effect copies what it reads; the hook is told by whom. */
  async function start(onWrite: (key: string) => unknown = () => {}) {
    const asked: [key: string, userId: string | undefined][] = [];
    const hooks: AnyHooks = {
      setSignal: async (__, params, next) => {
        asked.push([params.key, params["userId"]]);
        await onWrite(params.key);
        return next(params);
      },
    };
    actor = new FakeActor(hooks);
    const backend = await backendOf(actor, place);
    const space = namespace("app", { backend });
    const copied = async (): Promise<typeof asked> => {
      await vi.waitFor(() => expect(actor.store.get("app:copy").text).toBe("[1]"));
      return asked.filter(([key]) => key === "app:copy");
    };
    const stop = effect(() => {
      if (space.signal("source", 0).value > 0) void space.signal("copy", 0).set(1);
    });
    onTestFinished(stop);
    return { backend, space, source: space.signal("source", 0), copied };
  }

  it("asks the hooks, also where a hook has written past them", async () => {
    let isDone = false;
    const heard: unknown[] = [];
    const app: Awaited<ReturnType<typeof start>> = await start(async (key) => {
      if (key !== "app:begin") return;
      await withoutHooks(() => app.source.set(1));
      await vi.waitFor(() => expect(isDone).toBe(true));
    });
    await app.source.get();
    onTestFinished(app.backend.onChange(() => heard.push(currentHook())));
    const begun = app.space.signal("begin", 0).set(1);
    expect(await app.copied()).toEqual([["app:copy", undefined]]);
    isDone = true;
    await begun;
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.every((hook) => hook === undefined)).toBe(true);
  });

  it("is done anonymously, whoever has written", async () => {
    const app = await start();
    await app.source.get();
    await withContext({ userId: "ada" }, () => app.source.set(1));
    expect(await app.copied()).toEqual([["app:copy", undefined]]);
  });

  it("is done anonymously, whoever reads a value first", async () => {
    const app = await start();
    await app.backend.load([]);
    await actor.store.write({ number: 0, settled: 0, writes: [{ key: "app:source", text: "[1]" }] });
    await withContext({ userId: "ada" }, () => app.source.get());
    expect(await app.copied()).toEqual([["app:copy", undefined]]);
  });
});

it("a hook that asks by itself does not ask as somebody whose write has come at the same time", async () => {
  const asked: [key: string, userId: string | undefined][] = [];
  const hooks: AnyHooks = {
    setSignal: async (_, params, next) => {
      await role.get();
      return next(params);
    },
    getSignal: (_, params, next) => {
      asked.push([params.key, params["userId"]]);
      return next(params);
    },
  };
  actor = new FakeActor(hooks);
  const backend = await backendOf(actor, "beside the actor");
  const space = namespace("app", { backend });
  const role = space.signal("role", "");
  await backend.load([]);
  const one = withContext({ userId: "ada" }, () => space.signal("one", 0).set(1));
  const other = withContext({ userId: "bob" }, () => space.signal("other", 0).set(1));
  await Promise.all([one, other]);
  expect(asked.filter(([key]) => key === "app:role")).toEqual([
    ["app:role", undefined],
    ["app:role", undefined],
  ]);
});
