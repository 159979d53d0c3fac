import { describe, expect, it } from "vitest";
import { codeOf, caught } from "../../../test/support/caught.ts";
import { checkKey, composeKey, maxKeyBytes } from "./key.ts";

describe("composeKey", () => {
  it("joins prefix and key with a colon", () => {
    expect(composeKey("app:users", "alice:position")).toBe("app:users:alice:position");
  });

  it("leaves the key alone when there is no prefix", () => {
    expect(composeKey("", "theme")).toBe("theme");
  });

  it("checks the length of the whole key, not of the part", async () => {
    const part = "x".repeat(maxKeyBytes - 3);
    expect(composeKey("ab", part)).toHaveLength(maxKeyBytes);
    expect(await codeOf(() => composeKey("abc", part))).toBe("KEY_INVALID");
  });
});

describe("checkKey", () => {
  it.each(["a", "a:b", "a b", "ключ:значение", "🎈", "__proto__", "constructor"])("accepts %j", (key) => {
    expect(() => checkKey(key)).not.toThrow();
  });

  it.each([
    ["", "non-empty string"],
    [":a", "empty segment"],
    ["a:", "empty segment"],
    ["a::b", "empty segment"],
    [":", "empty segment"],
    ["a\0b", "NUL"],
    [undefined, "not undefined"],
    [null, "not null"],
    [42, "not 42"],
    [{ id: 1 }, 'not {"id":1}'],
  ])("refuses %j and says why", async (key, reason) => {
    const error = await caught(() => checkKey(key));
    expect(error).toMatchObject({ code: "KEY_INVALID", status: 400, message: expect.stringContaining(reason) });
  });

  it("accepts exactly 512 bytes and counts bytes, not characters", async () => {
    const fits = "🎈".repeat(maxKeyBytes / 4);
    expect(() => checkKey("x".repeat(maxKeyBytes))).not.toThrow();
    expect(() => checkKey(fits)).not.toThrow();
    expect(await codeOf(() => checkKey("x".repeat(maxKeyBytes + 1)))).toBe("KEY_INVALID");
    expect(await codeOf(() => checkKey(`${fits}x`))).toBe("KEY_INVALID");
  });

  it("cuts a long key in its message", async () => {
    const { message } = (await caught(() => checkKey("y".repeat(10_000)))) as Error;
    expect(message).toContain(`"${"y".repeat(79)}…"`);
    expect(message.length).toBeLessThan(200);
  });

  it("refuses what JSON cannot show with the same error", async () => {
    for (const key of [1n, Symbol("key"), () => 1]) expect(await codeOf(() => checkKey(key))).toBe("KEY_INVALID");
  });
});
