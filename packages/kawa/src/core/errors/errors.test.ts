import { describe, expect, it, vi } from "vitest";
import { clip, isKawaError, KawaError, kawaErrorCodes, publicMessage } from "./errors.ts";

describe("KawaError", () => {
  it("carries code, status, retryable flag, data and cause, and names its code in the message", () => {
    const cause = new Error("socket");
    const error = new KawaError("BACKEND_TIMEOUT", "No answer.", { cause, data: { key: "a" } });
    expect(error).toMatchObject({
      name: "KawaError",
      code: "BACKEND_TIMEOUT",
      status: 504,
      retryable: true,
      data: { key: "a" },
    });
    expect(error.message).toBe("No answer. (BACKEND_TIMEOUT)");
    expect(error.cause).toBe(cause);
    expect(String(error)).toBe("KawaError: No answer. (BACKEND_TIMEOUT)");
  });

  it("has no cause property when there was none", () => {
    const error = new KawaError("KEY_INVALID", "Bad.");
    expect("cause" in error).toBe(false);
    expect(error.data).toEqual({});
  });

  it("gives every code an HTTP error status", () => {
    expect(kawaErrorCodes.length).toBeGreaterThan(10);
    for (const code of kawaErrorCodes) {
      const { status, retryable } = new KawaError(code, "x");
      expect([code, status >= 400 && status < 600, typeof retryable]).toEqual([code, true, "boolean"]);
    }
  });
});

describe("isKawaError", () => {
  it("recognises an error that another copy of the module made", async () => {
    vi.resetModules();
    const copy = await import("./errors.ts");
    const error = new copy.KawaError("UNAUTHORIZED", "No.");
    expect(error).not.toBeInstanceOf(KawaError);
    expect(isKawaError(error)).toBe(true);
    expect(isKawaError(error, "UNAUTHORIZED")).toBe(true);
    expect(isKawaError(error, "KEY_INVALID")).toBe(false);
  });

  it.each([undefined, null, "KEY_INVALID", new Error("KEY_INVALID"), { code: "KEY_INVALID", name: "KawaError" }])(
    "is false for %s",
    (value) => {
      expect(isKawaError(value)).toBe(false);
    },
  );

  it("keeps the brand out of what is printed or copied", () => {
    expect(Object.keys(new KawaError("KEY_INVALID", "x"))).not.toContain("kawa.error");
    expect(Object.getOwnPropertySymbols({ ...new KawaError("KEY_INVALID", "x") })).toEqual([]);
  });
});

describe("publicMessage", () => {
  const refused = (data?: Record<string, unknown>): KawaError =>
    new KawaError("ACTION_REFUSED", "Only Ada may write.", data && { data });

  it("gives the reason that a hook meant for the user, without the code", () => {
    const error = refused({ isPublic: true, publicMessage: "Only Ada may write." });
    expect(publicMessage(error)).toBe("Only Ada may write.");
    expect(publicMessage(error, "It failed.")).toBe("Only Ada may write.");
  });

  it.each([
    ["a refusal that is not public", refused({ isPublic: false, publicMessage: "internal" })],
    ["a refusal that says nothing about it", refused()],
    ["a refusal without a text", refused({ isPublic: true })],
    [
      "another error of Kawa",
      new KawaError("UNAUTHORIZED", "No.", { data: { isPublic: true, publicMessage: "internal" } }),
    ],
    [
      "an error of somebody else",
      Object.assign(new Error("secret"), { data: { isPublic: true, publicMessage: "internal" } }),
    ],
    ["no error", undefined],
  ])("gives the fallback for %s", (_, error) => {
    expect(publicMessage(error, "It failed.")).toBe("It failed.");
    expect(publicMessage(error)).toBe("Something went wrong. Please try again.");
  });
});

describe("clip", () => {
  it("keeps 80 characters and cuts the 81st", () => {
    expect(clip("x".repeat(80))).toBe("x".repeat(80));
    expect(clip("x".repeat(81))).toBe(`${"x".repeat(79)}…`);
  });

  it.each([
    [undefined, "undefined"],
    [1n, "1"],
    [Symbol("s"), "Symbol(s)"],
  ])("shows %s", (value, text) => {
    expect(clip(value)).toBe(text);
  });
});
