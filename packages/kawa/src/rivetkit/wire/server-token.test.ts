import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { actorAudience, backendAudience } from "./actor-audience.ts";
import { createSecret, shareSecret } from "../secret/shared-secret.ts";
import { checkServerToken, issueServerToken } from "./server-token.ts";

const secret = "a secret of the test";
const audience = actorAudience("reactiveState", ["global"]);

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
    const token = issueServerToken(audience);
    vi.advanceTimersByTime(59_999);
    expect(checkServerToken(audience, token)).toBe("valid");
    vi.advanceTimersByTime(1);
    expect(checkServerToken(audience, token)).toBe("expired");
  });

  it("answers one challenge, whatever the clock of the actor says", () => {
    const token = issueServerToken(audience, "a");
    vi.advanceTimersByTime(3_600_000);
    expect(checkServerToken(audience, token, "a")).toBe("valid");
    expect(checkServerToken(audience, token, "b")).toBe("invalid");
    expect(checkServerToken(audience, token)).toBe("invalid");
    expect(checkServerToken(audience, issueServerToken(audience), "a")).toBe("invalid");
  });

  it("is refused by another actor", () => {
    const token = issueServerToken(audience);
    for (const key of [["other"], ["global", ""], ["global", "global"], []]) {
      expect(checkServerToken(actorAudience("reactiveState", key), token)).toBe("invalid");
    }
    expect(checkServerToken(actorAudience("other", ["global"]), token)).toBe("invalid");
  });

  it.each([
    undefined,
    null,
    42,
    {},
    [],
    "",
    ".",
    "a",
    "a.",
    ".b",
    `${Number.MAX_SAFE_INTEGER}.`,
    "1e99.AAAA",
    "9".repeat(100_000),
  ])("is not %j", (token) => {
    expect(checkServerToken(audience, token)).toBe("invalid");
  });

  it("does not show the secret", () => {
    expect(Buffer.from(issueServerToken(audience), "base64url").toString("latin1")).not.toContain(secret);
  });
});

describe("an actor's name as an audience", () => {
  it("is that of its backend", () => {
    expect(backendAudience("reactiveState/room/1")).toBe(actorAudience("reactiveState", ["room/1"]));
  });

  it("is that of no other actor, whatever its key holds", () => {
    const keys = [["a", "b"], ["a/b"], ['a","b'], ["a,b"], ["a", "b", ""]];
    expect(new Set(keys.map((key) => actorAudience("x", key))).size).toBe(keys.length);
  });
});

describe("the secret", () => {
  it("must have 16 characters, and so must those before", async () => {
    expect(await codeOf(() => shareSecret("x".repeat(15)))).toBe("SECRET_MISSING");
    expect(await codeOf(() => shareSecret("x".repeat(16), ["y".repeat(15)]))).toBe("SECRET_MISSING");
    expect(await codeOf(() => shareSecret("x".repeat(16), ["y".repeat(16)]))).toBeUndefined();
  });

  it("is made of 256 random bits", () => {
    expect(createSecret()).toMatch(/^[0-9a-f]{64}$/);
    expect(createSecret()).not.toBe(createSecret());
  });

  it("is read from the environment when none was shared, with those before, and missed with a clear error", async () => {
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.secret"));
    vi.resetModules();
    const copy = await import("./server-token.ts");
    vi.stubEnv("KAWA_SECRET", undefined);
    expect(await codeOf(() => copy.issueServerToken(audience))).toBe("SECRET_MISSING");
    vi.stubEnv("KAWA_SECRET", secret);
    const token = copy.issueServerToken(audience);
    expect(checkServerToken(audience, token)).toBe("valid");
    vi.stubEnv("KAWA_SECRET", "the next secret of the test");
    expect(copy.checkServerToken(audience, token)).toBe("invalid");
    vi.stubEnv("KAWA_SECRET_PREVIOUS", `one that is older still, ${secret}`);
    expect(copy.checkServerToken(audience, token)).toBe("valid");
    vi.stubEnv("KAWA_SECRET_PREVIOUS", "short");
    expect(await codeOf(() => copy.checkServerToken(audience, token))).toBe("SECRET_MISSING");
  });
});
