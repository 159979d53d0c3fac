import { describe, expect, it, onTestFinished } from "vitest";
import { homeOf } from "../../src/core/backend/home-of.ts";
import { effect } from "../../src/core/effect.ts";
import { codeOf } from "../support/caught.ts";
import { type CurrentBackend, increment, read, valueOf, watch } from "./support.ts";

export function describeDeleting(current: CurrentBackend): void {
  describe("delete", () => {
    it("makes the key absent no later than its promise resolves", async () => {
      const backend = current();
      await backend.set("a", 1);
      await backend.delete("a");
      expect(backend.entry("a").peek().state).toBe("absent");
      expect((await read(backend, "a")).state).toBe("absent");
    });

    it("is a change like a write: it names the key, and entry and version move on", async () => {
      const backend = current();
      await backend.set("a", 1);
      const { seq } = backend.entry("a").peek();
      const changes = watch(backend);
      await backend.delete("a");
      expect(changes.map(({ keys }) => keys)).toEqual([["a"]]);
      expect(backend.entry("a").peek().seq).toBeGreaterThan(seq);
      expect(changes[0]!.version.seq).toBeGreaterThanOrEqual(backend.entry("a").peek().seq);
      expect(backend.version).toEqual(changes[0]!.version);
    });

    it("tells who follows the key", async () => {
      const backend = current();
      await backend.set("a", 1);
      const seen: unknown[] = [];
      onTestFinished(effect(() => void seen.push(valueOf<unknown>(backend.entry("a").value, "nothing"))));
      await backend.delete("a");
      await backend.set("a", 2);
      expect(seen).toEqual([1, "nothing", 2]);
    });

    it("keeps its place among the writes of one key that were not awaited", async () => {
      const backend = current();
      const first = [backend.set("a", 1), backend.delete("a")];
      const second = [backend.set("b", 1), backend.delete("b"), backend.set("b", 2)];
      const third = [backend.delete("c"), backend.set("c", 3)];
      await Promise.all([...first, ...second, ...third]);
      expect(valueOf<unknown>(await read(backend, "a"), "nothing")).toBe("nothing");
      expect(valueOf<unknown>(await read(backend, "b"), "nothing")).toBe(2);
      expect(valueOf<unknown>(await read(backend, "c"), "nothing")).toBe(3);
    });

    it("shows an update after it an absent key, and removes what an update before it wrote", async () => {
      const backend = current();
      await backend.set("a", 10);
      const states: string[] = [];
      const deleted = backend.delete("a");
      const updated = backend.update("a", (entry) => {
        states.push(entry.state);
        return increment(entry);
      });
      expect(await updated).toBe(1);
      await deleted;
      expect(states.at(-1)).toBe("absent");
      const again = backend.update("a", increment);
      await backend.delete("a");
      expect(await again).toBe(2);
      expect((await read(backend, "a")).state).toBe("absent");
    });

    it("resolves for a key that has no value", async () => {
      const backend = current();
      await expect(backend.delete("never written")).resolves.toBeUndefined();
      await backend.set("a", 1);
      await backend.delete("a");
      await expect(backend.delete("a")).resolves.toBeUndefined();
      expect((await read(backend, "a")).state).toBe("absent");
      expect((await read(backend, "never written")).state).toBe("absent");
    });

    it("lets concurrent updates start from nothing, and loses none that follows", async () => {
      const backend = current();
      await backend.set("count", 1_000);
      const deleted = backend.delete("count");
      const results = await Promise.all(Array.from({ length: 20 }, () => backend.update("count", increment)));
      await deleted;
      expect([...results].sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
    });

    it("accepts who acts", async () => {
      const backend = current();
      await backend.set("a", 1, { context: { user: "ada" } });
      expect(await backend.update("a", increment, { context: { user: "ada" } })).toBe(2);
      await backend.delete("a", { context: { user: "ada" } });
      expect((await read(backend, "a")).state).toBe("absent");
    });
  });

  describe("a write for a value of one number", () => {
    /** Number of the value that a key has; 0 for none. */
    const numberOf = async (key: string): Promise<number> => {
      const entry = await read(current(), key);
      return entry.state === "present" ? entry.seq : 0;
    };

    it("deletes that value, and no other", async () => {
      const backend = current();
      await backend.set("a", "old");
      const first = await numberOf("a");
      await backend.set("a", "new");
      expect(await codeOf(() => backend.delete("a", { expect: first }))).toBe("UPDATE_CONFLICT");
      expect(valueOf<unknown>(await read(backend, "a"), "nothing")).toBe("new");
      await backend.delete("a", { expect: await numberOf("a") });
      expect(await numberOf("a")).toBe(0);
    });

    it("overwrites that value, and no other", async () => {
      const backend = current();
      await backend.set("a", 1);
      const first = await numberOf("a");
      await backend.set("a", 2, { expect: first });
      expect(await codeOf(() => backend.set("a", 3, { expect: first }))).toBe("UPDATE_CONFLICT");
      expect(valueOf<unknown>(await read(backend, "a"), "nothing")).toBe(2);
    });

    it("stands for no value with number 0", async () => {
      const backend = current();
      await backend.delete("a", { expect: 0 });
      await backend.set("a", 1, { expect: 0 });
      expect(await codeOf(() => backend.set("a", 2, { expect: 0 }))).toBe("UPDATE_CONFLICT");
      expect(await codeOf(() => backend.delete("a", { expect: 0 }))).toBe("UPDATE_CONFLICT");
      await backend.delete("a");
      await backend.set("a", 3, { expect: 0 });
      expect(valueOf<unknown>(await read(backend, "a"), "nothing")).toBe(3);
    });

    it("does nothing where the value is gone, or never was", async () => {
      const backend = current();
      await backend.set("a", 1);
      const gone = await numberOf("a");
      await backend.delete("a");
      expect(await codeOf(() => backend.delete("a", { expect: gone }))).toBe("UPDATE_CONFLICT");
      expect(await codeOf(() => backend.set("a", 2, { expect: gone }))).toBe("UPDATE_CONFLICT");
      expect(await codeOf(() => backend.delete("never", { expect: 999_999 }))).toBe("UPDATE_CONFLICT");
      expect(await backend.keys("")).toEqual([]);
    });

    it("comes after the writes of its turn that were made before it, and before those that were made after it", async () => {
      const backend = current();
      await backend.set("a", 1);
      const first = await numberOf("a");
      const results = await Promise.allSettled([
        backend.delete("a", { expect: first }),
        backend.set("a", 2, { expect: 0 }),
        backend.delete("a", { expect: first }),
        backend.update("a", increment),
        backend.set("b", 1),
        backend.delete("b", { expect: 0 }),
        backend.set("a", "last", { expect: first }),
      ]);
      const outcomes = results.map((result) => (result.status === "rejected" ? result.reason.code : result.value));
      expect(outcomes).toEqual([
        undefined,
        undefined,
        "UPDATE_CONFLICT",
        3,
        undefined,
        "UPDATE_CONFLICT",
        "UPDATE_CONFLICT",
      ]);
      expect(valueOf<unknown>(await read(backend, "a"), "nothing")).toBe(3);
      expect(valueOf<unknown>(await read(backend, "b"), "nothing")).toBe(1);
    });

    it("that loses takes no other write of its turn with it", async () => {
      const backend = current();
      await backend.set("a", 10);
      const lost = [backend.delete("a", { expect: 999_999 }), backend.set("c", 1, { expect: 999_999 })].map((write) =>
        codeOf(() => write),
      );
      const kept = [backend.update("a", increment), backend.set("c", 2), backend.set("other", 1)];
      expect(await Promise.all(lost)).toEqual(["UPDATE_CONFLICT", "UPDATE_CONFLICT"]);
      expect(await Promise.all(kept)).toEqual([11, undefined, undefined]);
      expect([...(await backend.entries(""))]).toEqual([
        ["a", 11],
        ["c", 2],
        ["other", 1],
      ]);
    });

    it("never deletes a value that was written meanwhile", async () => {
      const backend = current();
      for (let round = 0; round < 30; round += 1) {
        await backend.set("a", `old ${round}`);
        const old = await numberOf("a");
        const write = (): Promise<void> => backend.set("a", `new ${round}`);
        const remove = (): Promise<unknown> => codeOf(() => backend.delete("a", { expect: old }));
        await Promise.all(round % 2 === 0 ? [write(), remove()] : [remove(), write()]);
        expect(valueOf<unknown>(await read(backend, "a"), "nothing")).toBe(`new ${round}`);
      }
    });

    it("lets one of several deletions of one value succeed", async () => {
      const backend = current();
      await backend.set("a", 1);
      const number = await numberOf("a");
      const codes = await Promise.all(
        Array.from({ length: 10 }, () => codeOf(() => backend.delete("a", { expect: number }))),
      );
      expect(codes.filter((code) => code === undefined)).toHaveLength(1);
      expect(codes.filter((code) => code === "UPDATE_CONFLICT")).toHaveLength(9);
    });

    it("removes an ephemeral value from its group only where it is that value", async () => {
      const backend = current();
      const life = { ttlMs: 600_000 };
      await backend.set("room:a", 1, life);
      const first = await numberOf("room:a");
      await backend.set("room:a", 2, life);
      expect(await codeOf(() => backend.delete("room:a", { expect: first }))).toBe("UPDATE_CONFLICT");
      expect(await backend.renew("room:a")).toBe(true);
      await backend.delete("room:a", { expect: await numberOf("room:a") });
      expect(await backend.renew("room:a")).toBe(false);
    });
  });

  describe("clear", () => {
    const fill = (...keys: string[]): Promise<unknown> => Promise.all(keys.map((key) => current().set(key, key)));

    it("deletes the keys that start with the prefix, and no others", async () => {
      const backend = current();
      await fill("app:a", "app:b:c", "app", "apple:a", "other");
      await backend.clear("app:");
      expect(await backend.keys("")).toEqual(["app", "apple:a", "other"]);
      for (const key of ["app:a", "app:b:c"]) expect((await read(backend, key)).state).toBe("absent");
      expect(valueOf(await read(backend, "app"), "")).toBe("app");
    });

    it("takes a prefix literally", async () => {
      const backend = current();
      await fill("a%b", "axb", "a_b", "a*b", "a[b", "A%b");
      await backend.clear("a%");
      await backend.clear("a_");
      await backend.clear("a*");
      await backend.clear("a[");
      expect(await backend.keys("")).toEqual(["A%b", "axb"]);
    });

    it("deletes everything when the prefix is empty", async () => {
      const backend = current();
      await fill("a", "b:c", "__proto__", "🎈");
      await backend.clear("");
      expect(await backend.keys("")).toEqual([]);
    });

    it("is one change, with all keys that had a value", async () => {
      const backend = current();
      await fill("app:a", "app:b", "app:c", "other");
      await backend.delete("app:c");
      const changes = watch(backend);
      await backend.clear("app:");
      expect(changes.map(({ keys }) => [...keys].sort())).toEqual([["app:a", "app:b"]]);
      // Of a shard, where there are any: an entry has the number of its own history.
      const { seq } = homeOf(backend, "app:a").version;
      expect(["app:a", "app:b"].map((key) => backend.entry(key).peek())).toMatchObject([
        { state: "absent", seq },
        { state: "absent", seq },
      ]);
    });

    it("shows all keys as absent at the same moment", async () => {
      const backend = current();
      await fill("app:a", "app:b");
      const seen: string[] = [];
      onTestFinished(
        effect(() => {
          seen.push(`${backend.entry("app:a").value.state} ${backend.entry("app:b").value.state}`);
        }),
      );
      await backend.clear("app:");
      expect(seen).toEqual(["present present", "absent absent"]);
    });

    it("is no change when no key has a value", async () => {
      const backend = current();
      await fill("other");
      const changes = watch(backend);
      await backend.clear("app:");
      await backend.load(["other"]);
      expect(changes).toEqual([]);
    });

    it("deletes a set that was called before it, and leaves one that was called after it", async () => {
      const backend = current();
      await fill("app:old");
      await Promise.all([
        backend.set("app:before", 1),
        backend.update("app:counted", increment),
        backend.clear("app:"),
        backend.set("app:after", 2),
        backend.update("app:counted", increment),
      ]);
      expect([...(await backend.entries("app:"))]).toEqual([
        ["app:after", 2],
        ["app:counted", 1],
      ]);
      expect((await read(backend, "app:before")).state).toBe("absent");
      expect((await read(backend, "app:old")).state).toBe("absent");
    });

    it("deletes as many as there are", async () => {
      const backend = current();
      await Promise.all(Array.from({ length: 300 }, (_, n) => backend.set(`many:${n}`, n)));
      await backend.clear("many:");
      expect(await backend.keys("many:")).toEqual([]);
    });
  });
}
