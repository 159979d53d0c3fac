import { UserError } from "rivetkit";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { describeBackendContract } from "../../../test/contract/backend-contract.ts";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { FakeActor, fakeClient } from "../../../test/support/fake-actor.ts";
import { isWrite } from "../../../test/support/slow-store.ts";
import { collection } from "../../core/collection.ts";
import { namespace } from "../../core/namespace.ts";
import type { Signal } from "../../core/signal.ts";
import { transaction } from "../../core/transaction.ts";
import { withoutHooks } from "../hooks/hook-chain.ts";
import type { ReactiveStateActorHooks } from "../hooks/hooks.ts";
import { shareSecret } from "../secret/shared-secret.ts";
import { hostedServices } from "../wire/hosted-services.ts";
import { RivetBackend } from "./rivet-backend.ts";

let actor: FakeActor;

vi.mock("rivetkit/client", () => fakeClient(() => actor));
vi.mock("../host/host.ts", () => ({
  host: () => ({ start: async () => ({ endpoint: "http://test", namespace: "kawa" }) }),
}));

beforeEach(() => shareSecret("a secret of the test"));
afterEach(() => vi.restoreAllMocks());

async function startActor(hooks: ReactiveStateActorHooks = {}, { isLocal = false } = {}): Promise<void> {
  actor = new FakeActor(hooks);
  await actor.start();
  const { instance } = actor.store;
  if (!isLocal) return;
  hostedServices.set(instance, actor.service);
  onTestFinished(() => void hostedServices.delete(instance));
}

function createBackend(): RivetBackend {
  const backend = new RivetBackend({ actorName: "reactiveState", actorId: "global" });
  onTestFinished(() => backend.close());
  return backend;
}

const accountOf = (backend: RivetBackend, name: string): Signal<number> =>
  namespace("tx", { backend }).signal(name, 100);
const stored = (name: string): string | null => actor.store.get(`tx:${name}`).text;

async function transfer(backend: RivetBackend, from: string, to: string, by = 1): Promise<void> {
  await transaction(async (tx) => {
    const [before, after] = [await tx.get(accountOf(backend, from)), await tx.get(accountOf(backend, to))];
    tx.set(accountOf(backend, from), before - by);
    tx.set(accountOf(backend, to), after + by);
  });
}

describe("in the process of the actor", () => {
  beforeEach(() => startActor({}, { isLocal: true }));

  describeBackendContract("RivetBackend", () => new RivetBackend({ actorName: "reactiveState", actorId: "global" }));

  it("each of many transactions over one key runs once, and few commits hold all of them", async () => {
    const backend = createBackend();
    await backend.load([]);
    const write = vi.spyOn(actor.store, "write");
    let runs = 0;
    const hot = accountOf(backend, "hot");
    const all = Array.from({ length: 64 }, () =>
      transaction(async (tx) => {
        runs += 1;
        tx.set(hot, (await tx.get(hot)) + 1);
      }),
    );
    await Promise.all(all);
    expect(stored("hot")).toBe("[164]");
    expect(runs).toBe(64);
    expect(actor.store.position.seq).toBeLessThan(32);
    expect(write).not.toHaveBeenCalled();
    expect(hot.peek()).toBe(164);
  });

  it("one that waits for something else holds up nobody, and starts anew", async () => {
    const backend = createBackend();
    const gate = Promise.withResolvers<void>();
    let runs = 0;
    const slow = transaction(async (tx) => {
      runs += 1;
      const before = await tx.get(accountOf(backend, "a"));
      await gate.promise;
      tx.set(accountOf(backend, "a"), before + 1);
    });
    await vi.waitFor(() => expect(runs).toBeGreaterThan(0));
    await transfer(backend, "b", "c");
    await accountOf(backend, "d").set(1);
    gate.resolve();
    await slow;
    expect([stored("a"), stored("b"), stored("c")]).toEqual(["[101]", "[99]", "[101]"]);
  });
});

describe("beside a commit that fails", () => {
  it("a transaction that has read what it would have written runs again", async () => {
    await startActor({}, { isLocal: true });
    const backend = createBackend();
    await backend.load([]);
    const put = (name: string, text: string): Promise<unknown> =>
      actor.store.write({ number: 0, settled: 0, writes: [{ key: `tx:${name}`, text }] });
    const gate = Promise.withResolvers<void>();
    let commits = 0;
    let other: Promise<unknown> | undefined;
    actor.db.before = (sql) => {
      if (!isWrite(sql)) return undefined;
      commits += 1;
      if (commits === 1) return gate.promise;
      if (commits > 2) return undefined;
      // It is commit number 2 instead.
      other = put("a", "[5]");
      throw new Error("refused");
    };
    const first = put("other", "[1]");
    await vi.waitFor(() => expect(commits).toBe(1));
    const failing = codeOf(() => put("a", "[1]"));
    const transact = vi.spyOn(actor.store, "transact");
    const seen: number[] = [];
    const copied = transaction(async (tx) => {
      seen.push(await tx.get(accountOf(backend, "a")));
      tx.set(accountOf(backend, "b"), seen.at(-1)!);
    });
    await vi.waitFor(() => expect(transact).toHaveBeenCalled());
    gate.resolve();
    await Promise.all([first, copied]);
    await other;
    expect(await failing).toBe("BACKEND_UNAVAILABLE");
    expect(seen).toEqual([1, 5]);
    expect([stored("a"), stored("b")]).toEqual(["[5]", "[5]"]);
  });
});

describe("from two servers", () => {
  it("keeps the sum, whoever is faster", async () => {
    await startActor();
    const backends = [createBackend(), createBackend()];
    const names = ["a", "b", "c"];
    await Promise.all(
      Array.from({ length: 60 }, (_, n) => transfer(backends[n % 2]!, names[n % 3]!, names[(n + 1 + (n % 2)) % 3]!)),
    );
    const balances = names.map((name) => Number(JSON.parse(stored(name)!)[0]));
    expect(balances.reduce((sum, one) => sum + one, 0)).toBe(300);
  });

  it("shows the other one either all of it or nothing", async () => {
    await startActor();
    const [a, b] = [createBackend(), createBackend()];
    const [from, to] = [accountOf(b, "a"), accountOf(b, "b")];
    await Promise.all([from.get(), to.get()]);
    const sums: number[] = [];
    b.onChange(() => sums.push(from.peek() + to.peek()));
    for (let n = 0; n < 5; n += 1) await transfer(a, "a", "b");
    await vi.waitFor(() => expect(to.peek()).toBe(105));
    expect(new Set(sums)).toEqual(new Set([200]));
  });
});

describe("a transaction that loses again and again", () => {
  it("comes first, and others wait for it for a moment", async () => {
    await startActor();
    const [a, b] = [createBackend(), createBackend()];
    await Promise.all([accountOf(a, "hot").get(), accountOf(b, "hot").get()]);
    let isOver = false;
    let others = 0;
    const writing = (async () => {
      for (; !isOver; others += 1) await accountOf(b, "hot").increment();
    })();
    let runs = 0;
    let othersAtTurn = 0;
    await transaction(async (tx) => {
      runs += 1;
      const before = await tx.get(accountOf(a, "hot"));
      // Long enough for the other server to be faster each time.
      const seen = others;
      await vi.waitFor(() => expect(runs > 3 || others > seen).toBe(true), { interval: 1 });
      othersAtTurn = others;
      tx.set(accountOf(a, "hot"), before + 1_000);
    });
    isOver = true;
    await writing;
    expect(runs).toBe(4);
    expect(othersAtTurn).toBeGreaterThan(2);
    expect(Number(JSON.parse(stored("hot")!)[0])).toBe(1_100 + others);
  });
});

describe("a transaction with hooks", () => {
  it("passes them write by write, and one refusal undoes all", async () => {
    const asked: unknown[] = [];
    const told: unknown[] = [];
    await startActor({
      setSignal: async (_, { key, value }, next) => {
        asked.push([key, value]);
        if (Number(value) > 150) throw new UserError("Too rich.");
        const result = await next({ action: "setSignal", key, value }).catch((error) => {
          told.push([key, error.message]);
          throw error;
        });
        told.push([key, result]);
        return result;
      },
    });
    const backend = createBackend();
    await transfer(backend, "a", "b");
    expect(asked).toEqual([
      ["tx:a", 99],
      ["tx:b", 101],
    ]);
    expect(told).toEqual([
      ["tx:a", 99],
      ["tx:b", 101],
    ]);
    const error = await caught(() => transfer(backend, "a", "b", 60));
    expect(error).toMatchObject({ code: "ACTION_REFUSED", message: expect.stringContaining("Too rich.") });
    expect([stored("a"), stored("b")]).toEqual(["[99]", "[101]"]);
    expect(told).toHaveLength(3);
  });

  it("holds what they make of its writes, and leaves out what they leave out", async () => {
    await startActor({
      setSignal: (_, params, next) =>
        params.key === "tx:a" ? (params.value as never) : next({ ...params, value: `${params.value}!` }),
    });
    const backend = createBackend();
    await transfer(backend, "a", "b");
    expect([stored("a"), stored("b")]).toEqual([null, '["101!"]']);
  });

  it("has its changes computed for them, and compared", async () => {
    const asked: unknown[] = [];
    await startActor({
      setSignal: async (_, params, next) => {
        asked.push(params.value);
        if (asked.length === 1)
          await actor.store.write({ number: 0, settled: 0, writes: [{ key: "tx:a", text: "[500]" }] });
        return next(params);
      },
    });
    const backend = createBackend();
    await transaction((tx) => tx.increment(accountOf(backend, "a"), 1));
    expect(asked).toEqual([101, 501]);
    expect(stored("a")).toBe("[501]");
  });

  it("runs again where one of its changes is refused, and something that it has read is not so any more", async () => {
    const told: unknown[] = [];
    await startActor({
      setSignal: async (_, params, next) => {
        if (params.key === "tx:b" && told.length === 0) {
          const writes = ["a", "c"].map((name) => ({ key: `tx:${name}`, text: "[1]" }));
          await actor.store.write({ number: 0, settled: 0, writes });
        }
        return next(params).catch((error: Error) => {
          told.push(error.message);
          throw error;
        });
      },
    });
    const backend = createBackend();
    const [a, b, c] = ["a", "b", "c"].map((name) => accountOf(backend, name));
    const make = (): Promise<string> =>
      transaction(async (tx) => {
        if ((await tx.get(a!)) !== 100) return "too late";
        tx.set(b!, 1);
        tx.increment(c!, -60, { min: 0 });
        return "made";
      });
    expect(await make()).toBe("too late");
    expect([stored("a"), stored("b"), stored("c")]).toEqual(["[1]", null, "[1]"]);
    // That of the change, and that of the write before it.
    expect(told).toEqual([expect.stringContaining("leave its range"), expect.stringContaining("faster")]);
    // What it has read is still so: the refusal is its answer.
    await a!.set(100);
    expect(await codeOf(make)).toBe("CHANGE_REFUSED");
  });

  it("runs again where a hook refuses what was made of values that are not there any more", async () => {
    let count = 0;
    await startActor({
      setSignal: async (_, params, next) => {
        count += 1;
        if (count === 1)
          await actor.store.write({ number: 0, settled: 0, writes: [{ key: "tx:seat1", text: '["bob"]' }] });
        if (JSON.parse(actor.store.get(params.key).text ?? "[null]")[0] !== null) throw new UserError("It is taken.");
        return next(params);
      },
    });
    const backend = createBackend();
    const seats = [1, 2].map((n) => namespace("tx", { backend }).signal<string | null>(`seat${n}`, null));
    const take = (): Promise<void> =>
      transaction(async (tx) => {
        for (const seat of seats) if ((await tx.get(seat)) === null) return tx.set(seat, "ada");
        return tx.set(seats[0]!, "ada");
      });
    await take();
    expect([stored("seat1"), stored("seat2"), count]).toEqual(['["bob"]', '["ada"]', 2]);
    expect(await codeOf(take)).toBe("ACTION_REFUSED");
  });

  it("of a hook that makes the same transaction is told of the loop at once", async () => {
    await startActor({
      setSignal: async (_, params, next) => {
        await transaction((tx) => tx.set(accountOf(backend, "a"), 1));
        return next(params);
      },
    });
    const backend = createBackend();
    expect(await codeOf(() => transaction((tx) => tx.set(accountOf(backend, "a"), 1)))).toBe("HOOK_LOOP");
  });

  it("of a hook may pass the hooks by, and waits for nobody", async () => {
    for (const isLocal of [false, true]) {
      await startActor(
        {
          setSignal: async (_, params, next) => {
            await withoutHooks(() => transaction((tx) => tx.increment(accountOf(backend, "log"))));
            return next(params);
          },
        },
        { isLocal },
      );
      const backend = createBackend();
      await transfer(backend, "a", "b");
      expect([stored("a"), stored("log")]).toEqual(["[99]", "[102]"]);
    }
  });

  it("sees and writes as who acts", async () => {
    await startActor({
      getSignal: async (_, params, next) => (params["userId"] === "ada" ? next(params) : undefined),
      setSignal: (_, params, next) => next({ ...params, value: `${params.value} by ${params["userId"]}` }),
    });
    const backend = createBackend();
    await actor.store.write({ number: 0, settled: 0, writes: [{ key: "tx:a", text: "[1]" }] });
    const read = (userId: string): Promise<unknown> =>
      transaction(
        async (tx) => {
          const before = await tx.get(accountOf(backend, "a"));
          tx.set(accountOf(backend, "b"), before);
          return before;
        },
        { context: { userId } },
      );
    expect([await read("ada"), stored("b")]).toEqual([1, '["1 by ada"]']);
    expect([await read("bob"), stored("b")]).toEqual([100, '["100 by bob"]']);
  });
});

describe("a transaction whose answer was lost", () => {
  it("is applied once", async () => {
    await startActor();
    const backend = createBackend();
    await backend.load([]);
    const write = actor.store.write.bind(actor.store);
    let count = 0;
    vi.spyOn(actor.store, "write").mockImplementation(async (batch) => {
      const written = await write(batch);
      count += 1;
      if (count === 1) actor.dropConnections();
      return written;
    });
    await transaction((tx) => tx.increment(accountOf(backend, "a")));
    expect(count).toBe(2);
    expect(stored("a")).toBe("[101]");
  });
});

describe.each(["in the process of the actor", "elsewhere"])("rows of a collection, %s", (place) => {
  beforeEach(() => startActor({}, { isLocal: place !== "elsewhere" }));

  type Item = { readonly list: string; readonly count: number };
  const itemsOf = (backend: RivetBackend) =>
    collection<Item>(namespace("tx", { backend }), "items", { indexes: { byList: ["list"] } });

  it("and signals change together, also where the collection is new", async () => {
    const backend = createBackend();
    const items = itemsOf(backend);
    const total = accountOf(backend, "total");
    await transaction(async (tx) => {
      tx.set(items("a"), { list: "home", count: 2 });
      tx.increment(total, 2);
    });
    await transaction(async (tx) => {
      const { list, count } = (await tx.get(items("a")))!;
      tx.set(items("b"), { list, count: count + 1 });
      tx.delete(items("a"));
      tx.increment(total, 1);
    });
    const rows = await items.query({ where: { list: "home" } }).get();
    expect(rows).toEqual([{ id: "b", value: { list: "home", count: 3 } }]);
    expect(await total.get()).toBe(103);
  });

  it("are read, and queries are not: their rows may change before the commit", async () => {
    const backend = createBackend();
    const items = itemsOf(backend);
    const total = items.count() as unknown as Signal<number>;
    await total.get();
    const counted = transaction(async (tx) => tx.set(accountOf(backend, "total"), await tx.get(total)));
    expect(await codeOf(() => counted)).toBe("TRANSACTION_INVALID");
    // Whoever asks for it: the actor goes on.
    const checks = [[items.query().key, 1]] as const;
    const batch = { number: 0, settled: 0, writes: [{ key: "tx:a", text: "[1]" }], isWhole: true, checks };
    expect(await codeOf(() => actor.store.write(batch))).toBe("KEY_INVALID");
    await accountOf(backend, "a").set(1);
  });

  it("that are not in memory are read from the storage", async () => {
    const [one, other] = [createBackend(), createBackend()];
    await itemsOf(one).insert({ list: "home", count: 1 }, { id: "a" });
    await actor.restart();
    const items = itemsOf(other);
    await transaction(async (tx) => {
      const before = (await tx.get(items("a")))!;
      tx.set(items("a"), { ...before, count: before.count + 1 });
    });
    expect(await items.get("a")).toEqual({ list: "home", count: 2 });
  });
});
