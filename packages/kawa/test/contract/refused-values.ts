import { describe, expect, it } from "vitest";
import { codeOf } from "../support/caught.ts";
import { type CurrentBackend, read, valueOf } from "./support.ts";

class Counts extends Map<string, number> {}

const refused: readonly (readonly [what: string, value: unknown])[] = [
  ["a RegExp", /a/],
  ["a URL", new URL("https://example.com")],
  ["an invalid Date", { at: new Date(Number.NaN) }],
  ["a list with holes", [Object.assign([], { length: 3 })]],
  ["a class that extends Map", new Counts()],
  [
    "a getter",
    {
      get now() {
        return 1;
      },
    },
  ],
  ["a DataView", [new DataView(new ArrayBuffer(1))]],
];

export function describeRefusedValues(current: CurrentBackend): void {
  describe("what is no value", () => {
    it.each(refused)("is refused by set and by update, and the value from before stays: %s", async (_, value) => {
      const backend = current();
      await backend.set("a", 1);
      expect(await codeOf(() => backend.set("a", value))).toBe("VALUE_UNSERIALIZABLE");
      expect(await codeOf(() => backend.update("a", () => value))).toBe("VALUE_UNSERIALIZABLE");
      expect(valueOf<unknown>(await read(backend, "a"), "nothing")).toBe(1);
    });

    it("is what becomes too large when nothing in it is shared", async () => {
      const backend = current();
      let value: object = ["x".repeat(100)];
      for (let n = 0; n < 40; n += 1) value = [value, value];
      expect(await codeOf(() => backend.set("a", value))).toBe("VALUE_TOO_LARGE");
      expect((await read(backend, "a")).state).toBe("absent");
    });
  });

  describe("a typed array", () => {
    it("is stored without the rest of its buffer", async () => {
      const backend = current();
      const pool = new Uint8Array(64 * 1024).fill(7);
      await backend.set("a", { bytes: new Uint16Array(pool.buffer, 2, 2), buffer: Buffer.from("abc") });
      const { bytes, buffer } = valueOf(await read(backend, "a"), {} as { bytes: Uint16Array; buffer: Uint8Array });
      expect([bytes, bytes.buffer.byteLength, buffer, buffer.buffer.byteLength]).toStrictEqual([
        new Uint16Array([0x0707, 0x0707]),
        4,
        new Uint8Array([97, 98, 99]),
        3,
      ]);
    });
  });
}
