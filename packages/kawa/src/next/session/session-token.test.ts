import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { issueServerToken, shareSecret, signText, verifyText } from "../../rivetkit/server-token.ts";
import { openSession, sealSession, type SessionContent } from "./session-token.ts";

const now = 1_000_000;
const ada: SessionContent = { id: "one", issuedAt: now, expiresAt: now + 1_000, data: { userId: "ada" } };

beforeEach(() => shareSecret("a secret of the test"));
afterEach(() => vi.unstubAllEnvs());

const encode = (payload: unknown): string => Buffer.from(JSON.stringify(payload)).toString("base64url");

describe("a sealed session", () => {
  it.each([{ userId: "ada" }, "ada", 0, false, undefined])("opens to what it was made of, with the data %j", (data) => {
    expect(openSession(sealSession({ ...ada, data }), now)).toEqual({ ...ada, data });
  });

  it("is none from the moment it expires", () => {
    const text = sealSession(ada);
    expect(openSession(text, ada.expiresAt - 1)).toBeDefined();
    expect(openSession(text, ada.expiresAt)).toBeUndefined();
  });

  it("is none when anything of it was changed", () => {
    const [payload, signature] = sealSession(ada).split(".");
    const forged = encode([1, "one", now, now + 1_000, { userId: "root" }]);
    expect(openSession(`${forged}.${signature}`, now)).toBeUndefined();
    expect(openSession(`${payload}.${signature!.slice(0, -2)}`, now)).toBeUndefined();
    expect(openSession(`${payload}.`, now)).toBeUndefined();
  });

  it("is none for a server with another secret", () => {
    const text = sealSession(ada);
    shareSecret("another secret of the test");
    expect(openSession(text, now)).toBeUndefined();
  });

  it("is none when it was signed for something else, and is good for nothing else", () => {
    expect(openSession(signText("client", encode([1, "one", now, now + 1_000, {}])), now)).toBeUndefined();
    expect(openSession(issueServerToken(), now)).toBeUndefined();
    expect(verifyText("client", sealSession(ada))).toBeUndefined();
  });

  it("is none when another version of Kawa wrote it", () => {
    expect(openSession(signText("session", encode([1, "one", now, now + 1_000])), now)).toBeDefined();
    expect(openSession(signText("session", encode([2, "one", now, now + 1_000])), now)).toBeUndefined();
  });

  it.each([undefined, "", ".", "a.b", "a", "..", "é.é", "x".repeat(100_000)])("is not %j", (text) => {
    expect(openSession(text, now)).toBeUndefined();
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
    const text = copy.sealSession(ada);
    const { shareSecret: share } = await import("../../rivetkit/server-token.ts");
    share(readFileSync(join(dataDir, "secret"), "utf8"));
    expect(copy.openSession(text, now)).toEqual(ada);
  });

  it("is that of the environment where servers share an engine, and missed without", async () => {
    vi.stubEnv("RIVET_ENDPOINT", "http://engine");
    const copy = await import("./session-token.ts");
    expect(await codeOf(() => copy.sealSession(ada))).toBe("SECRET_MISSING");
    vi.stubEnv("KAWA_SECRET", "a secret of the environment");
    expect(copy.openSession(copy.sealSession(ada), now)).toEqual(ada);
  });
});
