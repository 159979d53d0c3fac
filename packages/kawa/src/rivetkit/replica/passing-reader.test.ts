import { describe, expect, it, onTestFinished, vi } from "vitest";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import type { Row } from "../wire/protocol.ts";
import { PassingReader } from "./passing-reader.ts";
import { Replica } from "./replica.ts";
import { RivetBackend } from "./rivet-backend.ts";

let actor: FakeActor;

vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://127.0.0.1:1", namespace: "test" }) }),
}));
vi.mock("rivetkit/client", () => fakeClient(() => actor));

/** Reads keys of an actor that holds these values, as one request of a browser does. */
function readerOf(replica: Replica, values: Record<string, string> = {}) {
  const asked: string[][] = [];
  const read = async (keys: readonly string[], onRow: (row: Row) => void): Promise<ReadonlyMap<string, unknown>> => {
    asked.push([...keys]);
    replica.learn(
      keys.map((key): Row => [key, values[key] ?? null, key in values ? 7 : 3]),
      onRow,
    );
    return new Map();
  };
  return { asked, reader: new PassingReader({ replica, read }) };
}

const keysOf = (request: number): string[] => Array.from({ length: 200 }, (_, n) => `rooms:${request}-${n}`);

describe("what a browser reads", () => {
  it("is remembered by the process while that holds few keys without a value", async () => {
    const replica = new Replica();
    const { reader } = readerOf(replica, { a: "[1]" });
    await reader.load(["a", "none"]);
    expect([replica.isKnown("a"), replica.isKnown("none"), replica.size]).toEqual([true, true, 2]);
  });

  it("is forgotten with its request beyond 10,000 keys without a value, however many are asked for", async () => {
    const replica = new Replica();
    for (let request = 0; request < 400; request += 1) {
      const { reader, asked } = readerOf(replica);
      await reader.load(keysOf(request));
      await reader.load(keysOf(request));
      expect(keysOf(request).map((key) => reader.entry(key).peek())).toEqual(
        keysOf(request).map(() => ({ state: "absent", seq: 3 })),
      );
      expect(asked).toHaveLength(1);
    }
    expect(replica.size).toBe(10_000);
    const { reader } = readerOf(replica, { there: "[5]" });
    await reader.load(["there"]);
    expect(reader.entry("there").peek()).toMatchObject({ state: "present", value: 5, seq: 7 });
    expect(replica.isKnown("there")).toBe(true);
    replica.close();
  });

  it("is what the process knows by now, where that has become known meanwhile", async () => {
    const replica = new Replica({ emptyCount: 0 });
    replica.restart([], { epoch: "e", seq: 3 });
    const { reader } = readerOf(replica);
    await reader.load(["a"]);
    expect([reader.entry("a").peek().state, replica.size]).toEqual(["absent", 0]);
    const end = replica.expect(["a"]);
    replica.applyDelta({ epoch: "e", from: 3, to: 4, rows: [["a", "[9]", 4]] });
    end();
    expect(reader.entry("a").peek()).toMatchObject({ state: "present", value: 9 });
  });

  it("is of the actor: 80,000 keys that do not exist leave no more behind in its server than it keeps anyway", async () => {
    vi.stubEnv("KAWA_SECRET", "s".repeat(32));
    actor = new FakeActor();
    await actor.start();
    const backend = new RivetBackend({ actorName: "reactiveState", actorId: "global" });
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
      await backend.close();
      await actor.service.close();
    });
    await backend.set("rooms:there", "here");
    const look = vi.spyOn(Replica.prototype, "learn");
    for (let request = 0; request < 400; request += 1) {
      const reader = await backend.readerFor({ origin: "browser" });
      await reader.load([...keysOf(request), "rooms:there"]);
      expect(reader.entry("rooms:there").peek()).toMatchObject({ state: "present", value: "here" });
      expect(reader.entry(`rooms:${request}-7`).peek().state).toBe("absent");
    }
    const [replica] = look.mock.contexts as Replica[];
    expect(replica!.size).toBe(10_001);
  });
});
