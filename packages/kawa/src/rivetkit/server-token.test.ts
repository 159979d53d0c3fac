import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../test/support/caught.ts";
import { createSecret, issueServerToken, shareSecret, verifyServerToken } from "./server-token.ts";

const secret = "a secret of the test";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  shareSecret(secret);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe("a server token", () => {
  it("is valid for a minute and not longer", () => {
    const token = issueServerToken();
    expect(verifyServerToken(token)).toBe(true);
    vi.advanceTimersByTime(59_999);
    expect(verifyServerToken(token)).toBe(true);
    vi.advanceTimersByTime(1);
    expect(verifyServerToken(token)).toBe(false);
  });

  it("is refused when its time was changed", () => {
    const [expires, signature] = issueServerToken().split(".");
    expect(verifyServerToken(`${Number(expires) + 1}.${signature}`)).toBe(false);
  });

  it("is refused by a server with another secret", () => {
    const token = issueServerToken();
    shareSecret("another secret of the test");
    expect(verifyServerToken(token)).toBe(false);
    shareSecret(secret);
    expect(verifyServerToken(token)).toBe(true);
  });

  it.each([undefined, null, 42, {}, [], "", ".", "a", "a.", ".b", `${Number.MAX_SAFE_INTEGER}.`, "1e99.AAAA", "Infinity.AAAA", "9".repeat(100_000)])(
    "is not %j",
    (token) => {
      expect(verifyServerToken(token)).toBe(false);
    },
  );

  it("is not one of another length whose start is right", () => {
    const token = issueServerToken();
    expect(verifyServerToken(token.slice(0, -2))).toBe(false);
    expect(verifyServerToken(`${token}AAAA`)).toBe(false);
  });

  it("does not show the secret", () => {
    expect(issueServerToken()).not.toContain(secret);
  });
});

describe("the secret", () => {
  it("must have 16 characters", async () => {
    expect(await codeOf(() => shareSecret("x".repeat(15)))).toBe("SECRET_MISSING");
    expect(await codeOf(() => shareSecret("x".repeat(16)))).toBeUndefined();
  });

  it("is made of 256 random bits", () => {
    expect(createSecret()).toMatch(/^[0-9a-f]{64}$/);
    expect(createSecret()).not.toBe(createSecret());
  });

  it("is read from the environment when none was shared, and missed with a clear error", async () => {
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.secret"));
    vi.resetModules();
    const copy = await import("./server-token.ts");
    vi.stubEnv("KAWA_SECRET", undefined);
    expect(await codeOf(() => copy.issueServerToken())).toBe("SECRET_MISSING");
    vi.stubEnv("KAWA_SECRET", secret);
    expect(copy.verifyServerToken(copy.issueServerToken())).toBe(true);
    expect(verifyServerToken(copy.issueServerToken())).toBe(true);
  });
});
