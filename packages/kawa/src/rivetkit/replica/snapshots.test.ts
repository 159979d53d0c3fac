import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { valuesIn } from "../../../test/contract/snapshots.ts";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { TestDatabase } from "../../../test/support/sqlite.ts";
import type { ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { RivetBackend } from "./rivet-backend.ts";
import { shareSecret } from "../secret/shared-secret.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));

async function startActor(hooks: ReactiveStateActorHooks = {}): Promise<void> {
  actor = new FakeActor(hooks);
  await actor.start();
}

function createBackend(): RivetBackend {
  const backend = new RivetBackend({ actorName: "reactiveState", actorId: "global" });
  onTestFinished(() => backend.close());
  return backend;
}

const ada = { context: { userId: "ada" } };
const bob = { context: { userId: "bob" } };

describe("a snapshot of an actor's values", () => {
  beforeEach(() => startActor());

  it("is not there before the backend is connected, unless it is waited for", async () => {
    const backend = createBackend();
    expect(backend.openSnapshot()).toBeUndefined();
    const snapshot = await backend.snapshotFor();
    expect(snapshot.version).toEqual(backend.version);
    expect(backend.openSnapshot()!.version).toEqual(snapshot.version);
  });

  it("is all before or all after the writes of one turn of another server", async () => {
    const [writer, reader] = [createBackend(), createBackend()];
    const keys = ["a", "b", "c"];
    await Promise.all(keys.map((key) => writer.set(key, 0)));
    await reader.load(["a", "b"]);
    const snapshots = [];
    for (let n = 1; n <= 50; n += 1) {
      const written = Promise.all(keys.map((key) => writer.set(key, n)));
      snapshots.push(await reader.snapshotFor());
      if (n % 5 === 0) await written;
    }
    const shown = await Promise.all(snapshots.map((snapshot) => valuesIn(snapshot, keys)));
    for (const values of shown) expect(new Set(values).size).toBe(1);
    expect(new Set(shown.flat()).size).toBeGreaterThan(3);
  });

  it("asks the actor nothing about keys that this process knows, nor twice about the others", async () => {
    const [writer, reader] = [createBackend(), createBackend()];
    await writer.set("known", 1);
    await reader.load(["known"]);
    const snapshot = await reader.snapshotFor();
    const caughtUp = new Promise<void>(
      (resolve) => void reader.onChange(({ keys }) => keys.includes("made") && resolve()),
    );
    await writer.set("known", 2);
    await writer.set("made", 1);
    await caughtUp;
    const read = vi.spyOn(actor.store, "read");
    expect(await valuesIn(snapshot, ["known"])).toEqual([1]);
    expect(read).not.toHaveBeenCalled();
    expect(await valuesIn(snapshot, ["made"])).toEqual([undefined]);
    expect(read.mock.calls).toEqual([
      [["made"], undefined],
      [["made"], snapshot.version],
    ]);
    expect(await valuesIn(snapshot, ["made", "known"])).toEqual([undefined, 1]);
    expect(read).toHaveBeenCalledTimes(2);
    expect(snapshot.isConsistent).toBe(true);
  });

  it("shows the current value, and does not count as consistent, where the actor has slept and forgotten the older one", async () => {
    const [writer, reader] = [createBackend(), createBackend()];
    await writer.set("a", 1);
    const snapshot = await reader.snapshotFor();
    await writer.set("a", 2);
    await actor.restart();
    expect(await valuesIn(snapshot, ["a"])).toEqual([2]);
    expect(snapshot.isConsistent).toBe(false);
    expect(snapshot.version.seq).toBeLessThan(reader.version.seq);
  });

  it("keeps what it knew when the store is made anew, and shows new values for the rest", async () => {
    const [writer, reader] = [createBackend(), createBackend()];
    for (const key of ["known", "other"]) await writer.set(key, `old ${key}`);
    await reader.load(["known"]);
    const snapshot = await reader.snapshotFor();
    const isAnew = new Promise<void>(
      (resolve) => void reader.onChange(({ version }) => version.epoch !== snapshot.version.epoch && resolve()),
    );
    actor.db = new TestDatabase();
    await actor.restart();
    await isAnew;
    for (const key of ["known", "other"]) await createBackend().set(key, `new ${key}`);
    expect(await valuesIn(snapshot, ["known", "other"])).toEqual(["old known", "new other"]);
    expect(snapshot.isConsistent).toBe(false);
  });
});

describe("a snapshot where hooks decide about reads", () => {
  const params: object[] = [];
  const masking: ReactiveStateActorHooks = {
    getSignal: async (_, given, next) => {
      params.push({ ...given });
      const value = await next(given.key === "alias" ? { ...given, key: "a" } : given);
      return given.userId === "ada" ? value : `${value} masked`;
    },
  };

  beforeEach(async () => {
    params.length = 0;
    await startActor(masking);
  });

  it("is asked for with who acts, and gives hooks the values of its version, also of a key that they choose", async () => {
    const [writer, reader] = [createBackend(), createBackend()];
    await writer.set("a", 1);
    await reader.load([]);
    expect(reader.openSnapshot()).toBeUndefined();
    const [forAda, forBob] = [await reader.snapshotFor(ada), await reader.snapshotFor(bob)];
    await writer.set("a", 2);
    expect(await valuesIn(forAda, ["a", "alias"])).toEqual([1, 1]);
    await writer.delete("a");
    expect(await valuesIn(forBob, ["a"])).toEqual(["1 masked"]);
    expect([forAda.isConsistent, forBob.isConsistent]).toEqual([true, true]);
    expect(await valuesIn(await reader.snapshotFor(ada), ["a"])).toEqual([undefined]);
    expect(params.slice(-1)).toEqual([{ action: "getSignal", key: "a", userId: "ada" }]);
  });

  it("leaves get() live", async () => {
    const [writer, reader] = [createBackend(), createBackend()];
    await writer.set("a", 1);
    const live = await reader.readerFor(ada);
    await writer.set("a", 2);
    await live.load(["a"]);
    expect(live.entry("a").peek()).toMatchObject({ value: 2 });
  });

  it("shows the current value, and does not count as consistent, in a store made anew, whose numbers mean something else", async () => {
    const [writer, reader] = [createBackend(), createBackend()];
    for (let n = 0; n < 5; n += 1) await writer.set("a", n);
    const snapshot = await reader.snapshotFor(ada);
    actor.db = new TestDatabase();
    await actor.restart();
    const fresh = createBackend();
    for (let n = 0; n < 10; n += 1) await fresh.set("a", `new ${n}`);
    expect(await valuesIn(snapshot, ["a"])).toEqual(["new 9"]);
    expect(snapshot.isConsistent).toBe(false);
  });
});
