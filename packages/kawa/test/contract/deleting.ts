import { describe, expect, it, onTestFinished } from "vitest";
import { effect } from "../../src/core/effect.ts";
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
      const { seq } = changes[0]!.version;
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
