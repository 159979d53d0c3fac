import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { shareSecret } from "../../rivetkit/secret/shared-secret.ts";
import { sign, verify } from "../../rivetkit/secret/sign.ts";
import { openSession, sealSession, type SessionContent } from "./session-token.ts";

const now = 1_000_000;
const cookie = "kawa-session";
const ada: SessionContent = {
  id: "one",
  chain: "c",
  generation: 3,
  issuedAt: now,
  expiresAt: now + 1_000,
  data: { userId: "ada" },
};

beforeEach(() => {
  vi.useFakeTimers({ now });
  shareSecret("a secret of the test");
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

const encode = (payload: unknown): string => Buffer.from(JSON.stringify(payload)).toString("base64url");

describe("a sealed session", () => {
  it.each([{ userId: "ada" }, "ada", 0, false, undefined])("opens to what it was made of, with the data %j", (data) => {
    expect(openSession(cookie, sealSession(cookie, { ...ada, data }))).toEqual({ ...ada, data });
  });

  it("is none from the moment it expires", () => {
    const text = sealSession(cookie, ada);
    vi.setSystemTime(ada.expiresAt - 1);
    expect(openSession(cookie, text)).toBeDefined();
    vi.setSystemTime(ada.expiresAt);
    expect(openSession(cookie, text)).toBeUndefined();
  });

  it("is none when anything of it was changed", () => {
    const [payload, signature] = sealSession(cookie, ada).split(".");
    const forged = encode([1, "one", now, now + 1_000, { userId: "root" }]);
    expect(openSession(cookie, `${forged}.${signature}`)).toBeUndefined();
    expect(openSession(cookie, `${payload}.${signature!.slice(0, -2)}`)).toBeUndefined();
    expect(openSession(cookie, `${payload}.`)).toBeUndefined();
  });

  it("is none for a server with another secret", () => {
    const text = sealSession(cookie, ada);
    shareSecret("another secret of the test");
    expect(openSession(cookie, text)).toBeUndefined();
  });

  it("is none of another cookie, and none when it was signed for something else", () => {
    const payload = JSON.stringify(["one", "c", 3, now, { userId: "ada" }]);
    const { expiresAt } = ada;
    expect(openSession("another", sealSession(cookie, ada))).toBeUndefined();
    expect(openSession(cookie, sign({ purpose: "client", audience: cookie, expiresAt }, payload))).toBeUndefined();
    expect(openSession(cookie, sign({ purpose: "session", audience: cookie, expiresAt }, payload))).toEqual(ada);
    expect(verify({ purpose: "client", audience: cookie }, sealSession(cookie, ada)).state).toBe("invalid");
  });

  it("is none in the format of before, which named no cookie", () => {
    const payload = encode([1, "one", now, now + 1_000, { userId: "ada" }]);
    const signature = createHmac("sha256", "a secret of the test")
      .update(`kawa-session\n${payload}`)
      .digest("base64url");
    expect(openSession(cookie, `${payload}.${signature}`)).toBeUndefined();
  });

  it.each([undefined, "", ".", "a.b", "a", "..", "é.é", "x".repeat(100_000)])("is not %j", (text) => {
    expect(openSession(cookie, text)).toBeUndefined();
  });
});

describe("the secret of sessions", () => {
  beforeEach(() => {
    Reflect.deleteProperty(globalThis, Symbol.for("kawa.secret"));
    vi.resetModules();
    vi.stubEnv("KAWA_SECRET", undefined);
    vi.stubEnv("RIVET_ENDPOINT", undefined);
  });

  it("is that of the embedded engine, also before there is one", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "kawa-secret-"));
    onTestFinished(() => rmSync(dataDir, { recursive: true }));
    vi.stubEnv("KAWA_DATA_DIR", dataDir);
    const copy = await import("./session-token.ts");
    const text = copy.sealSession(cookie, ada);
    const { shareSecret: share } = await import("../../rivetkit/secret/shared-secret.ts");
    share(readFileSync(join(dataDir, "secret"), "utf8"));
    expect(copy.openSession(cookie, text)).toEqual(ada);
  });

  it("is that of the environment where servers share an engine, and missed without", async () => {
    vi.stubEnv("RIVET_ENDPOINT", "http://engine");
    const copy = await import("./session-token.ts");
    expect(await codeOf(() => copy.sealSession(cookie, ada))).toBe("SECRET_MISSING");
    vi.stubEnv("KAWA_SECRET", "a secret of the environment");
    expect(copy.openSession(cookie, copy.sealSession(cookie, ada))).toEqual(ada);
  });
});
