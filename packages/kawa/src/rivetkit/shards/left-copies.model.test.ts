import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { modelRuns, modelTimeout } from "../../../test/support/model-runs.ts";
import { ShardedStores } from "../../../test/support/sharded-stores.ts";
import { isKawaError } from "../../core/errors/errors.ts";
import { layoutKey, layoutText, type Sharding } from "../sharding/shard-layout.ts";
import { definedKey, definedText } from "../store/collection-keys.ts";
import { LeftCopies } from "./left-copies.ts";
import { reshard } from "./reshard.ts";

const most = 4;
const counters = ["users:1:n", "users:2:n", "users:3:n", "app:n", "alone"];
const number = fc.integer({ min: 1, max: most });
const moment = fc.integer({ min: 0, max: 120 });

const members = ["hall:a", "hall:b"];

function definedOf(collection: string) {
  return { key: definedKey({ collection, index: [] }), text: definedText };
}

function sharding(shards: number): Sharding {
  return { shards, by: {} };
}

/** Servers whose clocks only run when {@link tick} says so. */
class Servers {
  readonly #stores: ShardedStores;
  readonly #copies: readonly LeftCopies[];
  #now = 0;

  constructor(stores: ShardedStores, count: number) {
    this.#stores = stores;
    const open = ({ actorId }: { actorId: string }) => stores.rows(actorId);
    this.#copies = Array.from({ length: count }, () => new LeftCopies({ open, now: () => this.#now }));
  }

  tick(ms: number): void {
    this.#now += ms;
  }

  /** All servers at once, as where each of them hosts an actor that is held up. */
  async look(): Promise<(string | undefined)[]> {
    const held = this.#stores.heldUp;
    if (held.length === 0) return [];
    const looks = this.#copies.map((copies) => copies.look({ actorName: "reactiveState", actorId: "global", held }));
    const outcomes = await Promise.allSettled(looks);
    return outcomes.map((outcome) => {
      if (outcome.status === "fulfilled") return outcome.value;
      if (isKawaError(outcome.reason, "SHARDS_MISMATCH")) return undefined;
      throw outcome.reason;
    });
  }
}

async function openStores(shards: number): Promise<ShardedStores> {
  const stores = await ShardedStores.open(most);
  const layout = { key: layoutKey, text: layoutText(sharding(shards)) };
  if (shards > 1) await stores.of("global").write({ number: 0, settled: 0, writes: [layout] });
  return stores;
}

describe("a copy that was cut off", () => {
  it(
    "is given up or finished by the servers, wherever that was: writes go on, and none is lost or applied twice",
    { timeout: modelTimeout(60) },
    async () => {
      await fc.assert(
        fc.asyncProperty(number, number, moment, fc.boolean(), async (from, to, killedAfter, goesOn) => {
          const stores = await openStores(from);
          const servers = new Servers(stores, 2);
          let isWriting = true;
          const written = counters.map(async (key) => {
            let count = 0;
            for (; isWriting; count += 1) {
              await stores.increment(key);
              await new Promise(setImmediate);
            }
            return count;
          });

          let left = killedAfter;
          const stopped = Promise.withResolvers<void>();
          const goOn = Promise.withResolvers<void>();
          const open = (actorId: string) =>
            stores.rows(
              actorId,
              () => left >= 0 || goesOn,
              async () => {
                left -= 1;
                if (left >= 0) return;
                stopped.resolve();
                if (goesOn) await goOn.promise;
              },
            );
          const copy = reshard({ whole: "global", to: sharding(to), open }).catch(() => {});
          await Promise.race([copy, stopped.promise]);

          // Nobody runs the command again.
          for (let look = 0; look < 4; look += 1) {
            await servers.look();
            servers.tick(look === 0 ? 59_000 : 2_000);
            if (look === 1) goOn.resolve();
          }
          goOn.resolve();
          await copy;
          for (let look = 0; look < 3; look += 1) {
            await servers.look();
            servers.tick(61_000);
          }
          // Nobody has to look any more.
          expect(stores.heldUp).toEqual([]);
          const before = counters.map((key) => Number(stores.home(key).get(key).text?.slice(1, -1) ?? 0));
          await Promise.all(counters.map((key) => stores.increment(key)));
          isWriting = false;
          const acknowledged = await Promise.all(written);
          for (const [index, key] of counters.entries()) {
            expect([key, stores.home(key).get(key).text]).toEqual([key, `[${acknowledged[index]! + 1}]`]);
            expect(acknowledged[index]! + 1).toBeGreaterThan(before[index]!);
          }
          await stores.close();
        }),
        { numRuns: modelRuns(60), timeout: 20_000 },
      );
    },
  );

  it("is left alone while its process says that it is at work, whatever the clocks say", async () => {
    const stores = await openStores(1);
    const servers = new Servers(stores, 1);
    const root = stores.rows("global");
    const beat = async (at: number): Promise<void> => {
      const copy = { id: "other", to: sharding(2), at };
      expect(await root.setLayout({ ...sharding(1), isFenced: true, copy }, await root.layout())).toBeDefined();
    };
    for (let count = 0; count < 12; count += 1) {
      await beat(count);
      expect(await servers.look()).toEqual([undefined]);
      servers.tick(50_000);
    }
    expect(await servers.look()).toEqual([undefined]);
    servers.tick(10_000);
    expect(await servers.look()).toEqual([
      expect.stringContaining("to 2 shards was cut off, and is given up. Writes go on, in 1 shard"),
    ]);
    expect(stores.heldUp).toEqual([]);
    await stores.increment("app:n");
  });

  it("says that it is at work before each request, so that it lives, however long its requests take", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const stores = await openStores(4);
    const servers = new Servers(stores, 1);
    await stores.write("app:todos:x", [definedOf("app:todos")]);
    await stores.write("app:todos:x", [{ key: "app:todos:x", text: '["row"]' }]);
    for (const key of ["app:n", ...members]) await stores.write(key, [{ key, text: "[1]", ttlMs: 600_000 }]);
    const given: unknown[] = [];
    const slow = async (): Promise<void> => {
      vi.advanceTimersByTime(8_000);
      servers.tick(8_000);
      given.push(...(await servers.look()));
    };
    const open = (actorId: string) => stores.rows(actorId, () => true, slow);
    expect(await reshard({ whole: "global", to: sharding(3), open })).toMatchObject({ from: sharding(4) });
    expect(given.filter((text) => text !== undefined)).toEqual([]);
    expect([stores.sharding.shards, stores.heldUp]).toEqual([3, []]);
  });

  it("leaves an actor alone that a later copy fills, and one that would serve", async () => {
    const stores = await openStores(1);
    const write = (actorId: string, layout: object) =>
      stores.of(actorId).write({
        number: 0,
        settled: 0,
        writes: [{ key: layoutKey, text: layoutText({ ...sharding(0), ...layout }) }],
      });
    await write("global", { ...sharding(3), turn: 4 });
    await write("global#0of2", { turn: 5 });
    await write("global#1of2", { turn: 4 });
    await write("global#0of3", { turn: 4 });
    expect(await new Servers(stores, 2).look()).toEqual([undefined, undefined]);
    expect(stores.heldUp).toEqual(["global#0of2", "global#0of3"]);
    expect(stores.of("global#1of2").gate.state).toBe("moved");
  });

  it("is finished where it counts already", async () => {
    const stores = await openStores(1);
    await stores.increment("app:n");
    let isCut = false;
    const open = (actorId: string) => {
      const rows = stores.rows(actorId, () => !isCut);
      return {
        ...rows,
        async setLayout(...[layout, over]: Parameters<typeof rows.setLayout>) {
          const stored = await rows.setLayout(layout, over);
          isCut ||= layout.was !== undefined;
          return stored;
        },
      };
    };
    await expect(reshard({ whole: "global", to: sharding(3), open })).rejects.toThrow("cut off");
    const servers = new Servers(stores, 1);
    await servers.look();
    servers.tick(60_000);
    expect(await servers.look()).toEqual([expect.stringContaining("This server has finished it")]);
    expect(stores.sharding).toMatchObject(sharding(3));
    await stores.increment("app:n");
    expect(stores.home("app:n").get("app:n").text).toBe("[2]");
  });
});
