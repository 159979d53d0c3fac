import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Backend } from "../../src/core/backend/backend.ts";
import { collection, type Collection, type QueryOptions } from "../../src/core/collection.ts";
import { namespace } from "../../src/core/namespace.ts";
import type { LiveValue, Query } from "../../src/core/query.ts";
import { codeOf } from "../support/caught.ts";
import { watch } from "./support.ts";

type Todo = { readonly list: string; readonly rank: number; readonly at?: Date };

/** What every backend that keeps collections promises. */
export function describeCollections(name: string, createBackend: () => Backend | Promise<Backend>): void {
  describe(`${name} keeps collections`, () => {
    let backend: Backend;
    let todos: Collection<Todo>;

    beforeEach(async () => {
      backend = await createBackend();
      todos = collection<Todo>(namespace("contract", { backend }), "todos", {
        indexes: { byList: ["list", "rank"], byDate: ["at"] },
      });
    });
    afterEach(() => backend.close());

    const idsOf = async (query: Query<Todo>): Promise<string[]> => (await query.get()).map(({ id }) => id);
    const home = (options: QueryOptions<Todo> = {}): Query<Todo> =>
      todos.query({ where: { list: "home" }, ...options });
    const fill = async (count: number, list = "home"): Promise<void> => {
      await Promise.all(
        Array.from({ length: count }, (_, rank) =>
          todos.insert({ list, rank }, { id: `${list}-${String(rank).padStart(4, "0")}` }),
        ),
      );
    };

    it("is empty at first", async () => {
      expect(await idsOf(home())).toEqual([]);
      expect(await todos.count().get()).toBe(0);
      expect(await todos.get("none")).toBeUndefined();
    });

    it("reads rows and what queries find of them", async () => {
      await fill(5);
      await fill(3, "work");
      expect(await idsOf(home({ order: "desc", limit: 2 }))).toEqual(["home-0004", "home-0003"]);
      expect(await idsOf(home({ where: { list: "home", rank: { gte: 1, lt: 3 } } }))).toEqual([
        "home-0001",
        "home-0002",
      ]);
      expect(await todos.count({ where: { list: "work" } }).get()).toBe(3);
      expect(await todos.get("work-0002")).toEqual({ list: "work", rank: 2 });
    });

    it("orders rows by dates", async () => {
      await todos.insert({ list: "home", rank: 0, at: new Date(3) }, { id: "c" });
      await todos.insert({ list: "home", rank: 0, at: new Date(1) }, { id: "a" });
      const dated = todos.query({ index: "byDate", where: { at: { gte: new Date(2) } } });
      expect(await dated.get()).toEqual([{ id: "c", value: { list: "home", rank: 0, at: new Date(3) } }]);
      expect(await idsOf(todos.query({ index: "byDate" }))).toEqual(["a", "c"]);
    });

    it("inserts a row once", async () => {
      await todos.insert({ list: "home", rank: 1 }, { id: "a" });
      expect(await codeOf(() => todos.insert({ list: "home", rank: 2 }, { id: "a" }))).toBe("UPDATE_CONFLICT");
      expect(await todos.get("a")).toEqual({ list: "home", rank: 1 });
    });

    it("updates a row atomically, and only where it is there", async () => {
      await todos.insert({ list: "home", rank: 0 }, { id: "a" });
      const increment = (row: Todo): Todo => ({ ...row, rank: row.rank + 1 });
      await Promise.all(Array.from({ length: 20 }, () => todos.update("a", increment)));
      expect((await todos.get("a"))?.rank).toBe(20);
      await todos.delete("a");
      expect(await codeOf(() => todos.update("a", increment))).toBe("ROW_MISSING");
    });

    it("pages through rows with cursors while rows come and go", async () => {
      await fill(7);
      const seen: string[] = [];
      let after: string | undefined;
      for (;;) {
        const page = home({ limit: 3, after });
        const rows = await page.get();
        if (rows.length === 0) break;
        seen.push(...rows.map(({ id }) => id));
        after = page.cursorOf(rows.at(-1)!);
        await todos.delete(rows[0]!.id);
      }
      expect(seen).toEqual(Array.from({ length: 7 }, (_, rank) => `home-000${rank}`));
      expect(await todos.count().get()).toBe(4);
    });

    it("keeps a query full while rows leave it, down to the last", async () => {
      await fill(40);
      const page = home({ limit: 3 });
      for (let left = 40; left > 0; left -= 1) {
        const ids = await idsOf(page);
        expect(ids).toHaveLength(Math.min(3, left));
        await todos.delete(ids[0]!);
      }
      expect(await idsOf(page)).toEqual([]);
    });

    it("tells of a query when its rows enter, move and leave, and of nothing else when they do not", async () => {
      await fill(5);
      const page = home({ limit: 2 });
      const count: LiveValue<number> = todos.count({ where: { list: "home" } });
      await Promise.all([page.get(), count.get()]);
      const changes = watch(backend);
      const told = (): boolean[] => {
        const keys = changes.splice(0).flatMap((change) => change.keys);
        return [page.key, count.key].map((key) => keys.includes(key));
      };
      await todos.update("home-0004", (row) => ({ ...row, rank: 5 }));
      expect(told()).toEqual([false, false]);
      await todos.insert({ list: "home", rank: 9 }, { id: "late" });
      expect(told()).toEqual([false, true]);
      await todos.update("late", (row) => ({ ...row, rank: -1 }));
      expect(told()).toEqual([true, false]);
      expect(await idsOf(page)).toEqual(["late", "home-0000"]);
      await todos.delete("late");
      expect(told()).toEqual([true, true]);
      expect(await idsOf(page)).toEqual(["home-0000", "home-0001"]);
    });

    it("shows queries and rows of one version in a snapshot", async () => {
      await fill(2);
      const page = home();
      await page.get();
      const snapshot = await backend.snapshotFor();
      await snapshot.load([page.key, todos("home-0000").key]);
      await todos.update("home-0000", (row) => ({ ...row, rank: 7 }));
      await todos.delete("home-0001");
      const valueOf = (key: string): unknown => {
        const entry = snapshot.peek(key);
        return entry.state === "present" ? entry.value : entry.state;
      };
      expect(valueOf(page.key)).toEqual(["home-0000", "home-0001"]);
      expect(valueOf(todos("home-0000").key)).toEqual({ list: "home", rank: 0 });
      expect(snapshot.isConsistent).toBe(true);
      snapshot.release();
    });

    it("leaves rows out of the lists and clears of namespaces", async () => {
      await fill(2);
      await backend.set("contract:other", 1);
      expect(await backend.keys("contract")).toEqual(["contract:other"]);
      await backend.clear("contract");
      expect(await todos.count().get()).toBe(2);
      expect(await backend.keys("")).toEqual([]);
    });
  });
}
