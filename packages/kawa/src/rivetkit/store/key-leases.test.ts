import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { openTestStore, TestDatabase } from "../../../test/support/sqlite.ts";
import { deltasOf } from "../../../test/support/store.ts";
import { restoreRealTime, runFor, startVirtualTime } from "../../../test/support/virtual-time.ts";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { membersKey } from "../../core/backend/members.ts";
import { KeyLeases } from "./key-leases.ts";
import type { Write } from "../wire/protocol.ts";
import type { SignalStore } from "./signal-store.ts";

const ttlMs = 1_000;
/** Ends that are near each other are handled together. */
const gatherMs = 20;

beforeEach(startVirtualTime);
afterEach(() => {
  restoreRealTime();
  vi.restoreAllMocks();
});

type Actor = {
  readonly db: TestDatabase;
  readonly store: SignalStore;
  readonly leases: KeyLeases;
  write(write: Write): Promise<boolean>;
};

async function startActor(db: TestDatabase = new TestDatabase()): Promise<Actor> {
  const store = await openTestStore(db);
  const commit = (writes: readonly Write[]) => store.write({ number: 0, settled: 0, writes });
  const leases = new KeyLeases({ store, commit });
  onTestFinished(() => leases.close());
  const write = async (one: Write): Promise<boolean> => {
    leases.note([one]);
    const { conflicts } = await commit([one]);
    return conflicts.length === 0;
  };
  return { db, store, leases, write };
}

const set = (key: string, text = "[1]"): Write => ({ key, text, ttlMs });
const renew = (key: string): Write => ({ key, isRenewal: true });
const textOf = ({ store }: Actor, key: string): string | null => store.get(key)?.text ?? null;

describe("an ephemeral key", () => {
  it("is deleted with its place in the list, in one commit, when its time is over", async () => {
    const actor = await startActor();
    await actor.write(set("room:a"));
    await actor.write(set("room:b"));
    const deltas = deltasOf(actor.store);
    await runFor(ttlMs - 1);
    expect(deltas).toEqual([]);
    await runFor(gatherMs + 1);
    expect(deltas.map(({ rows }) => rows.map(([key, text]) => [key, text]))).toEqual([
      [
        ["room:a", null],
        ["room:b", null],
        [membersKey("room"), null],
      ],
    ]);
  });

  it("lives for as long as it is renewed, without a commit", async () => {
    const actor = await startActor();
    await actor.write(set("room:a"));
    actor.db.statements.length = 0;
    const deltas = deltasOf(actor.store);
    for (let life = 0; life < 50; life += 1) {
      await runFor(ttlMs - 1);
      expect(await actor.write(renew("room:a"))).toBe(true);
    }
    expect([deltas, actor.db.statements]).toEqual([[], []]);
    await runFor(ttlMs + gatherMs);
    expect(textOf(actor, "room:a")).toBeNull();
    expect(await actor.write(renew("room:a"))).toBe(false);
  });

  it("lives on when it is set while it waits for a commit that outlasts it", async () => {
    const actor = await startActor();
    await actor.write(set("room:a"));
    const gate = Promise.withResolvers<void>();
    actor.db.before = (sql) => (sql.startsWith("INSERT") ? gate.promise : undefined);
    const other = actor.write({ key: "other", text: "[1]" });
    await runFor(ttlMs / 2);
    const again = actor.write(set("room:a", "[2]"));
    await runFor(ttlMs / 2 + gatherMs);
    gate.resolve();
    await Promise.all([other, again]);
    expect(textOf(actor, "room:a")).toBe("[2]");
    await runFor(ttlMs / 2);
    expect(textOf(actor, "room:a")).toBe("[2]");
  });

  it("lives on when its renewal waits for such a commit", async () => {
    const actor = await startActor();
    await actor.write(set("room:a"));
    const gate = Promise.withResolvers<void>();
    actor.db.before = (sql) => (sql.startsWith("INSERT") ? gate.promise : undefined);
    const other = actor.write({ key: "other", text: "[1]" });
    await runFor(ttlMs - 1);
    const renewed = actor.write(renew("room:a"));
    await runFor(ttlMs / 2);
    gate.resolve();
    await other;
    expect(await renewed).toBe(true);
    await runFor(ttlMs / 2 - 1);
    expect(textOf(actor, "room:a")).toBe("[1]");
  });

  it("has a whole life again after the actor has moved, and then ends", async () => {
    const before = await startActor();
    await before.write(set("room:a"));
    await before.write({ key: "room:stays", text: "[1]" });
    await runFor(ttlMs - 1);
    before.leases.close();
    await before.store.close();
    const actor = await startActor(before.db);
    await runFor(ttlMs - 1);
    expect(textOf(actor, "room:a")).toBe("[1]");
    await runFor(gatherMs + 1);
    expect([textOf(actor, "room:a"), textOf(actor, "room:stays")]).toEqual([null, "[1]"]);
  });

  it("is deleted later when the storage fails at first", async () => {
    const errors = vi.spyOn(console, "error").mockImplementation(() => {});
    const actor = await startActor();
    await actor.write(set("room:a"));
    actor.db.before = (sql) => {
      if (sql.startsWith("INSERT")) throw new Error("The disk is full.");
    };
    await runFor(ttlMs + gatherMs);
    expect(textOf(actor, "room:a")).toBe("[1]");
    expect(errors).toHaveBeenCalled();
    actor.db.before = () => {};
    await runFor(2 * ttlMs);
    expect(textOf(actor, "room:a")).toBeNull();
  });

  it("ends in time when its commit has failed after it was applied", async () => {
    vi.spyOn(console, "error").mockImplementation(() => {});
    const actor = await startActor();
    actor.db.after = (sql) => {
      if (sql.startsWith("INSERT")) throw new Error("The connection was lost.");
    };
    await expect(actor.write(set("room:a"))).rejects.toThrow("sent again");
    actor.db.after = () => {};
    expect(textOf(actor, "room:a")).toBe("[1]");
    await runFor(ttlMs + gatherMs);
    expect(textOf(actor, "room:a")).toBeNull();
  });

  it("stays when it was written to stay", async () => {
    const actor = await startActor();
    await actor.write(set("room:a"));
    await actor.write({ key: "room:a", text: "[2]" });
    await runFor(3 * ttlMs);
    expect(textOf(actor, "room:a")).toBe("[2]");
  });
});

describe("whatever is set, renewed, deleted and moved", () => {
  const keys = ["room:a", "room:b", "hall:a"];
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 2 * ttlMs }),
    what: fc.constantFrom("set" as const, "renew" as const, "delete" as const, "move" as const),
    key: fc.constantFrom(...keys),
  });

  it(
    "what was renewed in time is there, and what was not is gone",
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
          let actor = await startActor();
          /** When each key ends that has a value. */
          const ends = new Map<string, number>();
          const isPresent = (key: string): boolean => textOf(actor, key) !== null;
          const mayBe = (key: string): readonly boolean[] => {
            const lateMs = performance.now() - (ends.get(key) ?? Number.NEGATIVE_INFINITY);
            return lateMs < 0 ? [true] : lateMs < gatherMs ? [true, false] : [false];
          };
          const expectEnds = (): void => {
            for (const key of keys) expect(mayBe(key)).toContain(isPresent(key));
          };
          for (const { waitMs, what, key } of steps) {
            await runFor(waitMs, expectEnds);
            const isExpected = what !== "renew" || isPresent(key);
            let isAccepted = true;
            if (what === "set") isAccepted = await actor.write(set(key));
            else if (what === "renew") isAccepted = await actor.write(renew(key));
            else if (what === "delete") isAccepted = await actor.write({ key, text: null });
            else {
              actor.leases.close();
              await actor.store.close();
              actor = await startActor(actor.db);
            }
            expect(isAccepted).toBe(isExpected);
            for (const one of what === "move" ? keys : [key]) {
              if (isPresent(one)) ends.set(one, performance.now() + ttlMs);
              else ends.delete(one);
            }
            expectEnds();
          }
          await runFor(ttlMs + gatherMs, expectEnds);
          expect(actor.store.list({ prefix: "", after: "", withValues: false }).rows).toEqual([]);
          expect([...actor.store.ephemeral.entries()]).toEqual([]);
          actor.leases.close();
        }),
        { numRuns: modelRuns(60) },
      );
    },
    modelTimeout(60),
  );
});
