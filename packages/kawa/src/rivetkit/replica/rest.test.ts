import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { backendOf } from "../../../test/support/backend-of.ts";
import { computed } from "../../core/computed.ts";
import { effect } from "../../core/effect.ts";
import { namespace } from "../../core/namespace.ts";
import { installViewers } from "../../core/streams/viewers.ts";
import type { AnyHooks } from "../hooks/hooks.ts";
import { deferred } from "../wire/deferred.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import type { RivetBackend } from "./rivet-backend.ts";
import { shareSecret } from "../secret/shared-secret.ts";

let actor: FakeActor;
let watched: boolean;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => {
  shareSecret("a secret of the test");
  watched = false;
  installViewers({ isShown: () => watched, isWatched: () => watched });
});
afterEach(() => hostedServices.clear());

async function start(hooks: AnyHooks = {}): Promise<RivetBackend> {
  actor = new FakeActor(hooks);
  const backend = await backendOf(actor, "in another process");
  await backend.load([]);
  return backend;
}

/** Two looks: what was used before the first one counts there. */
function look(backend: RivetBackend): void {
  for (let n = 0; n < 2; n += 1) backend.rest.look(backend.id);
}

const openSockets = (): number => actor.sockets.filter(({ readyState }) => readyState === 1).length;
const settle = async (): Promise<void> => {
  for (let n = 0; n < 5; n += 1) await new Promise(setImmediate);
};

describe("a backend that nobody needs", () => {
  it("lets go of its actor, and connects again for the next read, which sees what was written meanwhile", async () => {
    const backend = await start();
    const { signal } = namespace("app", { backend });
    const score = signal("score", 0);
    await score.set(1);
    expect([await score.get(), openSockets()]).toEqual([1, 1]);
    backend.rest.look(backend.id);
    expect(backend.status).toBe("connected");
    backend.rest.look(backend.id);
    expect([backend.status, backend.version.epoch, backend.isCut]).toEqual(["idle", "", false]);
    await settle();
    expect(openSockets()).toBe(0);
    await actor.store.write({ number: 0, settled: 0, writes: [{ key: "app:score", text: "[2]" }] });
    expect([await score.get(), openSockets()]).toEqual([2, 1]);
    // And hears of changes again.
    const told = vi.fn<(change: unknown) => void>();
    onTestFinished(backend.onChange(told));
    await actor.store.write({ number: 0, settled: 0, writes: [{ key: "app:score", text: "[3]" }] });
    await vi.waitFor(() => expect(told).toHaveBeenCalled());
    expect(score.peek()).toBe(3);
  });

  it("rests again and again, and a write wakes it, too", async () => {
    const backend = await start();
    for (let n = 1; n <= 3; n += 1) {
      look(backend);
      expect(backend.status).toBe("idle");
      await backend.set("k", n);
      expect([actor.store.get("k").text, openSockets()]).toEqual([`[${n}]`, 1]);
    }
  });

  it("may be asked in the same turn", async () => {
    const backend = await start();
    look(backend);
    await backend.set("k", 1);
    await settle();
    expect([backend.status, openSockets()]).toEqual(["connected", 1]);
  });

  it("computes anew what was computed from its values", async () => {
    const backend = await start();
    const score = namespace("app", { backend }).signal("score", 1);
    const double = computed(() => score.value * 2);
    await score.set(2);
    expect(double.peek()).toBe(4);
    look(backend);
    await actor.store.write({ number: 0, settled: 0, writes: [{ key: "app:score", text: "[5]" }] });
    await score.get();
    expect(double.peek()).toBe(10);
  });
});

describe("a backend stays connected while", () => {
  const expectAwake = async (backend: RivetBackend): Promise<void> => {
    look(backend);
    await settle();
    expect([backend.status, openSockets()]).toEqual(["connected", 1]);
  };

  it("an effect reads one of its values", async () => {
    const backend = await start();
    const score = namespace("app", { backend }).signal("score", 0);
    const stop = effect(() => void score.value);
    await expectAwake(backend);
    stop();
    look(backend);
    expect(backend.status).toBe("idle");
  });

  it("somebody listens to its changes, who is not passive", async () => {
    const backend = await start();
    onTestFinished(backend.onChange(() => {}, { isPassive: true }));
    const stop = backend.onChange(() => {});
    await expectAwake(backend);
    stop();
    stop();
    look(backend);
    expect(backend.status).toBe("idle");
  });

  it("a browser shows something of it", async () => {
    const backend = await start();
    watched = true;
    await expectAwake(backend);
    watched = false;
    look(backend);
    expect(backend.status).toBe("idle");
  });

  it("a render has a snapshot of it", async () => {
    const backend = await start();
    const snapshot = backend.openSnapshot()!;
    await expectAwake(backend);
    snapshot.release();
    look(backend);
    expect(backend.status).toBe("idle");
  });

  it("a write of it waits for its hook", async () => {
    const gate = deferred<void>();
    const backend = await start({
      setSignal: async (_, params, next) => {
        await gate.promise;
        return next(params);
      },
    });
    const written = backend.set("k", 1);
    await settle();
    await expectAwake(backend);
    gate.resolve();
    await written;
    expect(actor.store.get("k").text).toBe("[1]");
  });

  it("something of it was used since the last look", async () => {
    const backend = await start();
    for (let n = 0; n < 5; n += 1) {
      await backend.load(["k"]);
      backend.rest.look(backend.id);
      expect(backend.status).toBe("connected");
    }
  });
});
