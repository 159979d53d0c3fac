import { describe, expect, it } from "vitest";
import { caught, codeOf } from "../support/caught.ts";
import { type CurrentBackend, read, valueOf } from "./support.ts";

type Mutation = [what: string, value: unknown, mutate: (value: never) => unknown];

/** What cannot be frozen. */
const mutations: Mutation[] = [
  ["a Map", new Map([["a", 1]]), (value: Map<string, number>) => value.set("b", 2)],
  ["a Set", new Set([1]), (value: Set<number>) => value.clear()],
  ["a Date", new Date(0), (value: Date) => value.setTime(1)],
  ["a typed array", new Uint8Array([1, 2]), (value: Uint8Array) => value.fill(9)],
  ["an ArrayBuffer", new Uint8Array([1, 2]).buffer, (value: ArrayBuffer) => new Uint8Array(value).fill(9)],
  ["a Date in an object", { at: new Date(0) }, ({ at }: { at: Date }) => at.setTime(1)],
  ["an object in a Map", new Map([["a", { n: 1 }]]), (value: Map<string, { n: number }>) => (value.get("a")!.n = 2)],
  ["a Map in an array", [new Map([["a", 1]])], ([map]: [Map<string, number>]) => map.delete("a")],
];

export function describeGivenOutValues(current: CurrentBackend): void {
  describe("values that are given out", () => {
    it("are frozen when they are objects and arrays, however deep", async () => {
      const backend = current();
      const value = { users: [{ name: "Ada", tags: ["x", "y"] }], none: null };
      await backend.set("a", value);
      const { users } = valueOf(await read(backend, "a"), value);
      const mutate: (() => unknown)[] = [
        () => users.push({ name: "Bob", tags: [] }),
        () => (users[0]!.name = "Bob"),
        () => users[0]!.tags.reverse(),
        () => delete (valueOf(backend.entry("a").peek(), value) as { none?: null }).none,
      ];
      for (const mutation of mutate) expect(await caught(mutation)).toBeInstanceOf(TypeError);
      expect(valueOf<unknown>(await read(backend, "a"), "nothing")).toStrictEqual(value);
    });

    it.each(mutations)("change nothing for the next reader when they are %s", async (_, value, mutate) => {
      const backend = current();
      await backend.set("a", value);
      for (let round = 0; round < 2; round += 1) {
        await caught(() => mutate(valueOf<unknown>(backend.entry("a").peek(), undefined) as never));
        await caught(async () => mutate((await backend.entries("a")).get("a") as never));
      }
      expect(valueOf<unknown>(await read(backend, "a"), "nothing")).toStrictEqual(value);
      expect((await backend.entries("a")).get("a")).toStrictEqual(value);
    });

    it("change nothing when an updater changes what it was given and then throws", async () => {
      const backend = current();
      await backend.set("map", new Map([["a", 1]]));
      await backend.set("list", [1]);
      const failed = await Promise.allSettled([
        backend.update("map", (entry) => {
          valueOf(entry, new Map()).set("b", 2);
          throw new Error("changed my mind");
        }),
        backend.update("list", (entry) => valueOf<number[]>(entry, []).push(2)),
      ]);
      expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
      expect(valueOf<unknown>(await read(backend, "map"), "nothing")).toEqual(new Map([["a", 1]]));
      expect(valueOf<unknown>(await read(backend, "list"), "nothing")).toEqual([1]);
    });

    it("are copies also of what an update returned", async () => {
      const backend = current();
      const written = { list: [1], map: new Map([["a", 1]]) };
      const result = (await backend.update("a", () => written)) as typeof written;
      written.list.push(2);
      result.map.set("b", 2);
      expect(() => result.list.push(3)).toThrow(TypeError);
      expect(valueOf<unknown>(await read(backend, "a"), "nothing")).toEqual({ list: [1], map: new Map([["a", 1]]) });
    });

    it("are the same object for each read as long as they are frozen and did not change", async () => {
      const backend = current();
      await backend.set("a", { n: 1 });
      await backend.load(["a"]);
      const first = valueOf<unknown>(backend.entry("a").peek(), "nothing");
      await backend.set("b", 1);
      expect(valueOf<unknown>(backend.entry("a").peek(), "nothing")).toBe(first);
    });
  });

  describe("values that contain themselves", () => {
    const withCycle = (): object => {
      const parent: Record<string, unknown> = { children: [] };
      parent["children"] = [{ name: "child", parent }];
      return parent;
    };

    it("are refused, and the path is named", async () => {
      const backend = current();
      expect(await caught(() => backend.set("a", withCycle()))).toMatchObject({
        code: "VALUE_UNSERIALIZABLE",
        data: { path: "value.children[0].parent" },
      });
      expect(await codeOf(() => backend.update("a", withCycle))).toBe("VALUE_UNSERIALIZABLE");
      expect((await read(backend, "a")).state).toBe("absent");
    });

    it("are not those that hold one object twice", async () => {
      const backend = current();
      const position = { x: 1 };
      await backend.set("a", { from: position, to: position, all: [position, position] });
      const value = { from: { x: 1 }, to: { x: 1 }, all: [{ x: 1 }, { x: 1 }] };
      expect(valueOf<unknown>(await read(backend, "a"), "nothing")).toEqual(value);
    });
  });
}
