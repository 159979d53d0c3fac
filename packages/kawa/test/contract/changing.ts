import { describe, expect, it, onTestFinished } from "vitest";
import type { Backend } from "../../src/core/backend/backend.ts";
import { createPresentEntry } from "../../src/core/backend/entry.ts";
import { effect } from "../../src/core/effect.ts";
import type { CommutingChange } from "../../src/core/value/commuting.ts";
import { encodeValue } from "../../src/core/value/value.ts";
import { caught, codeOf } from "../support/caught.ts";
import { type CurrentBackend, read, valueOf, watch } from "./support.ts";

/** Changes that commute: the backend applies each to its newest value. */
export function describeChanging(current: CurrentBackend): void {
  const change = (backend: Backend, key: string, one: CommutingChange, initial: unknown = 0, options = {}) =>
    backend.change(key, one, createPresentEntry(0, encodeValue(key, initial)), options);

  describe("changes that commute", () => {
    it("start from the default, and resolve with the number that they have made", async () => {
      const backend = current();
      expect(await change(backend, "n", { increment: 2 }, 10)).toBe(12);
      expect(await change(backend, "n", { increment: -0.5 }, 10)).toBe(11.5);
      expect(valueOf<unknown>(await read(backend, "n"), "nothing")).toBe(11.5);
    });

    it("give each of many callers a number of its own", async () => {
      const backend = current();
      const made = await Promise.all(Array.from({ length: 50 }, () => change(backend, "n", { increment: 1 })));
      expect(made).toEqual(Array.from({ length: 50 }, (_, at) => at + 1));
      expect(valueOf<unknown>(await read(backend, "n"), "nothing")).toBe(50);
    });

    it("keep their place among other writes of the key that were not awaited", async () => {
      const backend = current();
      const made = [
        change(backend, "n", { increment: 1 }),
        backend.update("n", (entry) => valueOf(entry, 0) * 10),
        change(backend, "n", { increment: 1 }),
        change(backend, "n", { increment: 1 }),
        backend.set("n", 100),
        change(backend, "n", { increment: 1 }),
        backend.delete("n"),
        change(backend, "n", { increment: 1 }, 5),
      ];
      const [first, updated, second, third, , fourth, , fifth] = await Promise.all(made);
      expect([first, updated, second, third, fourth, fifth]).toEqual([1, 10, 11, 12, 101, 6]);
      expect(valueOf<unknown>(await read(backend, "n"), "nothing")).toBe(6);
    });

    it("are refused out of their range, alone", async () => {
      const backend = current();
      await backend.set("stock", 2);
      const take = (): Promise<unknown> =>
        change(backend, "stock", { increment: -1, min: 0 }).catch((error) => error.code);
      expect(await Promise.all([take(), take(), take(), take()])).toEqual([1, 0, "CHANGE_REFUSED", "CHANGE_REFUSED"]);
      const error = await caught(() => change(backend, "stock", { increment: 11, max: 10 }));
      expect(error).toMatchObject({ code: "CHANGE_REFUSED", data: { key: "stock", value: 0 } });
      expect(`${error}`).toContain('"stock" is 0, and an increment by 11 would leave its range: at most 10');
      expect(valueOf<unknown>(await read(backend, "stock"), "nothing")).toBe(0);
    });

    it("merge into an object what others have left", async () => {
      const backend = current();
      await backend.set("user", { name: "Ada", age: 36 });
      await Promise.all([
        change(backend, "user", { merge: { age: 37 } }, {}),
        change(backend, "user", { merge: { city: "London", at: new Date(5) } }, {}),
      ]);
      expect(valueOf<unknown>(await read(backend, "user"), 0)).toEqual({
        ...{ name: "Ada", age: 37, city: "London" },
        at: new Date(5),
      });
    });

    it("append to lists and remove what is equal", async () => {
      const backend = current();
      await Promise.all([
        change(backend, "list", { append: [{ id: 1, tags: ["a"] }] }, []),
        change(backend, "list", { append: [{ id: 2, tags: [] }, "text"] }, []),
        change(backend, "list", { append: [{ id: 1, tags: ["a"] }] }, []),
      ]);
      await change(backend, "list", { remove: { tags: ["a"], id: 1 } }, []);
      expect(valueOf<unknown>(await read(backend, "list"), 0)).toEqual([{ id: 2, tags: [] }, "text"]);
    });

    it("put into a Set once, and take out", async () => {
      const backend = current();
      await change(backend, "set", { append: [1, { a: 1 }] }, new Set());
      await change(backend, "set", { append: [1, 2, { a: 1 }] }, new Set());
      await change(backend, "set", { remove: 1 }, new Set());
      expect(valueOf<unknown>(await read(backend, "set"), 0)).toEqual(new Set([{ a: 1 }, 2]));
    });

    it.each<[string, unknown, CommutingChange]>([
      ["increment", "text", { increment: 1 }],
      ["increment", 1, { increment: Number.NaN }],
      ["increment", Number.MAX_VALUE, { increment: Number.MAX_VALUE }],
      ["merge", [1], { merge: { a: 1 } }],
      ["merge", new Date(0), { merge: { a: 1 } }],
      ["append", { a: 1 }, { append: [1] }],
      ["remove", null, { remove: 1 }],
    ])("%s is refused of %j", async (_, value, one) => {
      const backend = current();
      await backend.set("a", value);
      expect(await codeOf(() => change(backend, "a", one))).toBe("CHANGE_REFUSED");
      expect(valueOf<unknown>(await read(backend, "a"), "nothing")).toEqual(value);
    });

    it("are refused where the result would be too large", async () => {
      const backend = current();
      await change(backend, "list", { append: ["x".repeat(200_000)] }, []);
      expect(await codeOf(() => change(backend, "list", { append: ["x".repeat(100_000)] }, []))).toBe(
        "VALUE_TOO_LARGE",
      );
      expect(valueOf<unknown[]>(await read(backend, "list"), [])).toHaveLength(1);
    });

    it("hold what they were given when they were called", async () => {
      const backend = current();
      const patch: Record<string, unknown> = { a: 1 };
      const merged = change(backend, "o", { merge: patch }, {});
      patch["a"] = 2;
      await merged;
      expect(valueOf<unknown>(await read(backend, "o"), 0)).toEqual({ a: 1 });
    });

    it("with an expected number change only that value", async () => {
      const backend = current();
      await backend.set("n", 1);
      const { seq } = await read(backend, "n");
      expect(await change(backend, "n", { increment: 1 }, 0, { expect: seq })).toBe(2);
      expect(await codeOf(() => change(backend, "n", { increment: 1 }, 0, { expect: seq }))).toBe("UPDATE_CONFLICT");
      expect(await change(backend, "new", { increment: 1 }, 0, { expect: 0 })).toBe(1);
      expect(valueOf<unknown>(await read(backend, "n"), 0)).toBe(2);
    });

    it("are told as any other write", async () => {
      const backend = current();
      await backend.load(["n"]);
      const seen: unknown[] = [];
      onTestFinished(effect(() => void seen.push(valueOf<unknown>(backend.entry("n").value, "nothing"))));
      const changes = watch(backend);
      await change(backend, "n", { increment: 1 });
      expect(backend.entry("n").peek()).toMatchObject({ state: "present", value: 1 });
      expect(seen).toEqual(["nothing", 1]);
      expect(changes.map(({ keys }) => keys)).toEqual([["n"]]);
    });
  });
}
