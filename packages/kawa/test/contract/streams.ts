import { describe, expect, it, onTestFinished } from "vitest";
import type { Backend, Entry } from "../../src/core/backend/backend.ts";
import { effect } from "../../src/core/effect.ts";
import { streamKey } from "../../src/core/backend/key.ts";
import { codeOf } from "../support/caught.ts";
import { type CurrentBackend, read, valueOf } from "./support.ts";

/** Resolves when the entry of a key has a state. */
function becomes(backend: Backend, key: string, state: Entry["state"]): Promise<void> {
  return new Promise((resolve) => {
    onTestFinished(
      effect(() => {
        if (backend.entry(key).value.state === state) resolve();
      }),
    );
  });
}

export function describeStreams(current: CurrentBackend): void {
  describe("streams", () => {
    it("are all produced here when there is no other server, also when they are registered again", async () => {
      const { streams } = current();
      expect([...(await streams.register(["a", "b"]))].sort()).toEqual(["a", "b"]);
      expect([...(await streams.register(["a", "b", "c"]))].sort()).toEqual(["a", "b", "c"]);
      expect([...(await streams.register(["c"]))]).toEqual(["c"]);
      expect([...(await streams.register([]))]).toEqual([]);
    });

    it("keep their last value under their key until they are unregistered", async () => {
      const backend = current();
      await backend.streams.register(["price", "other"]);
      await backend.set(streamKey("price"), { n: 1 });
      await backend.set(streamKey("price"), { n: 2 });
      await backend.set(streamKey("other"), 1);
      expect(valueOf<unknown>(await read(backend, streamKey("price")), "nothing")).toEqual({ n: 2 });
      await read(backend, streamKey("other"));
      await backend.streams.unregister(["price"]);
      await becomes(backend, streamKey("price"), "absent");
      expect(valueOf<unknown>(await read(backend, streamKey("other")), "nothing")).toBe(1);
    });

    it("tell of each value like a signal does", async () => {
      const backend = current();
      await backend.streams.register(["price"]);
      await backend.load([streamKey("price")]);
      const keys: string[] = [];
      onTestFinished(backend.onChange((change) => void keys.push(...change.keys)));
      await backend.set(streamKey("price"), 1);
      expect(keys).toEqual([streamKey("price")]);
    });

    it("are not among the keys and entries, and survive a clear", async () => {
      const backend = current();
      await backend.streams.register(["price"]);
      await backend.set(streamKey("price"), 1);
      await backend.set("signal", 1);
      expect(await backend.keys("")).toEqual(["signal"]);
      expect([...(await backend.entries(""))]).toEqual([["signal", 1]]);
      await backend.clear("");
      expect(await backend.keys("")).toEqual([]);
      expect(valueOf<unknown>(await read(backend, streamKey("price")), "nothing")).toBe(1);
    });

    it("may be unregistered without a value, or without being registered", async () => {
      const backend = current();
      await backend.streams.register(["price"]);
      await expect(backend.streams.unregister(["price", "never registered"])).resolves.toBeUndefined();
    });

    it("start without a value when they are registered again", async () => {
      const backend = current();
      await backend.streams.register(["price"]);
      await backend.set(streamKey("price"), 1);
      await backend.load([streamKey("price")]);
      await backend.streams.unregister(["price"]);
      await becomes(backend, streamKey("price"), "absent");
      expect([...(await backend.streams.register(["price"]))]).toEqual(["price"]);
      expect((await read(backend, streamKey("price"))).state).toBe("absent");
    });

    it.each(["a b", "ключ", "__proto__", "with:colon", "quote\"'"])("may have the scope %j", async (scope) => {
      const backend = current();
      expect([...(await backend.streams.register([scope]))]).toEqual([scope]);
      await backend.set(streamKey(scope), 1);
      expect(valueOf<unknown>(await read(backend, streamKey(scope)), "nothing")).toBe(1);
    });

    it("cannot be registered after close", async () => {
      const backend = current();
      await backend.close();
      expect(await codeOf(() => backend.streams.register(["price"]))).toBe("BACKEND_CLOSED");
    });
  });
}
