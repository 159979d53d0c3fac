import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Backend } from "../../src/core/backend/backend.ts";
import { membersKey } from "../../src/core/backend/members.ts";
import { namespace } from "../../src/core/namespace.ts";
import type { Signal } from "../../src/core/signal.ts";
import { transaction } from "../../src/core/transaction.ts";
import { caught, codeOf } from "../support/caught.ts";
import { turnsDuring } from "../support/turns-during.ts";
import { type CurrentBackend, watch } from "./support.ts";

const guests = (backend: Backend) =>
  namespace("tx", { backend }).family((id: string) => ({ key: `guests:${id}`, default: 0 }), { ttlMs: 60_000 });

/** Reads and writes that belong together. */
export function describeTransacting(current: CurrentBackend): void {
  const account = (name: string): Signal<number> => namespace("tx", { backend: current() }).signal(name, 100);
  const sumOf = async (accounts: readonly Signal<number>[]): Promise<number> => {
    const balances = await Promise.all(accounts.map((one) => one.get()));
    return balances.reduce((sum, balance) => sum + balance, 0);
  };

  describe("a transaction", () => {
    it("writes all that it has made of what it has read, as one change", async () => {
      const [a, b] = [account("a"), account("b")];
      await current().load([a.key, b.key]);
      const changes = watch(current());
      const result = await transaction(async (tx) => {
        const balance = await tx.get(a);
        tx.set(a, balance - 30);
        await tx.update(b, (before) => before + 30);
        return `${await tx.get(a)} ${await tx.get(b)}`;
      });
      expect(result).toBe("70 130");
      expect([a.peek(), b.peek()]).toEqual([70, 130]);
      expect(changes.map(({ keys }) => [...keys].toSorted())).toEqual([[a.key, b.key]]);
    });

    it("tells what lives for a while, and the list of its group, in the same change as the rest", async () => {
      // With a name of the group: over several shards a transaction is of one entity.
      const a = namespace("tx:guests", { backend: current() }).signal("sum", 100);
      const [guest, gone] = ["in", "out"].map((id) => guests(current())(id));
      await gone!.set(1);
      await current().load([a.key, guest!.key, gone!.key, membersKey("tx:guests")]);
      const changes = watch(current());
      await transaction((tx) => {
        tx.set(guest!, 1);
        tx.increment(a, 1);
        tx.delete(gone!);
      });
      expect(changes.map(({ keys }) => [...keys].toSorted())).toEqual([
        [membersKey("tx:guests"), a.key, guest!.key, gone!.key].toSorted(),
      ]);
      expect([guest!.peek(), a.peek(), gone!.peek()]).toEqual([1, 101, 0]);
      expect(current().entry(membersKey("tx:guests")).peek()).toMatchObject({ value: { ids: ["in"] } });
    });

    it("sees what it has written itself: values, ends and changes", async () => {
      const [a, b, c] = [account("a"), account("b"), account("c")];
      const list = namespace("tx", { backend: current() }).signal<string[]>("list", []);
      await b.set(1);
      const seen = await transaction(async (tx) => {
        tx.increment(a, 5);
        tx.increment(a, 5);
        tx.delete(b);
        tx.set(c, 1);
        tx.increment(c);
        tx.append(list, "x", "y");
        tx.remove(list, "x");
        return [await tx.get(a), await tx.get(b), await tx.get(c), await tx.get(list)];
      });
      expect(seen).toEqual([110, 100, 2, ["y"]]);
      expect(await Promise.all([a, b, c, list].map((one: Signal<unknown>) => one.get()))).toEqual(seen);
    });

    it("writes nothing when its function throws, or one of its changes is refused", async () => {
      const [a, b] = [account("a"), account("b")];
      const broken = transaction(async (tx) => {
        tx.set(a, 0);
        await tx.get(b);
        throw new Error("changed my mind");
      });
      await expect(broken).rejects.toThrow("changed my mind");
      const error = await caught(() =>
        transaction((tx) => {
          tx.increment(a, 1);
          tx.increment(b, -101, { min: 0 });
        }),
      );
      expect(error).toMatchObject({ code: "CHANGE_REFUSED", data: { key: b.key, value: 100 } });
      expect(await sumOf([a, b])).toBe(200);
      expect(await current().keys("")).toEqual([]);
    });

    it("keeps the sum of accounts, however many run at once", async () => {
      const accounts = Array.from({ length: 5 }, (_, n) => account(`${n}`));
      const transfer = (n: number): Promise<void> =>
        transaction(async (tx) => {
          const [from, to] = [accounts[n % 5]!, accounts[(n * 3 + 1) % 5]!];
          if (from === to) return;
          const [before, after] = [await tx.get(from), await tx.get(to)];
          tx.set(from, before - 1);
          tx.set(to, after + 1);
        });
      await Promise.all(Array.from({ length: 60 }, (_, n) => transfer(n)));
      expect(await sumOf(accounts)).toBe(500);
    });

    it("counts also where its function waits for something else, and gives what was committed", async () => {
      const a = account("a");
      const slow = (): Promise<number> =>
        transaction(async (tx) => {
          const before = await tx.get(a);
          await sleep(1);
          tx.set(a, before + 1);
          return before + 1;
        });
      const made = await Promise.all([slow(), slow(), slow()]);
      expect(made.toSorted()).toEqual([101, 102, 103]);
      expect(await a.get()).toBe(103);
    });

    it("compares also that there was no value", async () => {
      const name = namespace("tx", { backend: current() }).signal<string | null>("name", null);
      const claim = (by: string): Promise<boolean> =>
        transaction(async (tx) => {
          if ((await tx.get(name)) !== null) return false;
          tx.set(name, by);
          return true;
        });
      const won = await Promise.all(["ada", "bob", "cy"].map(claim));
      expect(won.filter(Boolean)).toHaveLength(1);
    });

    it("reads one version, whatever is written meanwhile", async () => {
      const [a, b] = [account("a"), account("b")];
      const sums: number[] = [];
      const read = transaction(async (tx) => {
        const first = await tx.get(a);
        await sleep(5);
        sums.push(first + (await tx.get(b)));
      });
      await transaction((tx) => {
        tx.increment(a, -10);
        tx.increment(b, 10);
      });
      await read;
      expect(sums.at(-1)).toBe(200);
    });

    it("is of one backend, and not inside of another one", async () => {
      const a = account("a");
      const elsewhere = namespace("tx").signal("elsewhere", 0);
      const of2 = await caught(() =>
        transaction(async (tx) => {
          tx.increment(a);
          tx.increment(elsewhere);
        }),
      );
      expect(of2).toMatchObject({ code: "TRANSACTION_INVALID", message: expect.stringContaining("elsewhere") });
      const nested = transaction(async (tx) => {
        tx.increment(a);
        await transaction((inner) => inner.increment(a));
      });
      expect(await codeOf(() => nested)).toBe("TRANSACTION_INVALID");
      expect(await a.get()).toBe(100);
    });

    it("is over when its function has ended", async () => {
      let late: (() => void) | undefined;
      await transaction((tx) => {
        tx.increment(account("a"));
        late = () => tx.increment(account("a"));
      });
      expect(() => late!()).toThrow(expect.objectContaining({ code: "TRANSACTION_INVALID" }));
      expect(await transaction(() => "nothing")).toBe("nothing");
    });

    it("in a loop of transactions that only read lets others have their turn", async () => {
      const a = account("a");
      await a.get();
      const hasTurned = await turnsDuring(async (isOver) => {
        while (!isOver()) await transaction((tx) => tx.get(a));
      });
      expect(hasTurned).toBe(true);
    });

    it("refuses what cannot be stored, and writes nothing", async () => {
      const a = account("a");
      const broken = transaction((tx) => {
        tx.increment(account("b"));
        tx.set(a as Signal<unknown>, () => {});
      });
      expect(await codeOf(() => broken)).toBe("VALUE_UNSERIALIZABLE");
      expect(await current().keys("")).toEqual([]);
    });
  });
}
