import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { open, seal } from "./seal.ts";
import { shareSecret } from "./shared-secret.ts";
import { sign, verify } from "./sign.ts";
import type { Checked, Claims, Expected } from "./token.ts";

const [a, b, c] = ["secret A of the test", "secret B of the test", "secret C of the test"];
const claims: Claims = { purpose: "session", audience: "kawa-session", expiresAt: 2_000_000 };

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  shareSecret(a, []);
});

afterEach(() => void vi.useRealTimers());

type Kind = { make: (claims: Claims, payload: string) => string; read: (expected: Expected, text: unknown) => Checked };

const kinds: readonly (readonly [string, Kind])[] = [
  ["signed", { make: sign, read: verify }],
  ["sealed", { make: seal, read: open }],
  ["sealed alike", { make: (given, payload) => seal(given, payload, { isDeterministic: true }), read: open }],
];

describe.each(kinds)("a %s token", (name, { make, read }) => {
  it.each(["", "é 😀 \u0000", "x".repeat(10_000)])("gives back what it was made of", (payload) => {
    expect(read(claims, make(claims, payload))).toEqual({ state: "valid", payload, expiresAt: 2_000_000 });
  });

  it("is valid until it expires, and not at that moment", () => {
    const token = make(claims, "x");
    vi.setSystemTime(1_999_999);
    expect(read(claims, token).state).toBe("valid");
    vi.setSystemTime(2_000_000);
    expect(read(claims, token)).toEqual({ state: "expired" });
  });

  it("always expires", () => {
    vi.setSystemTime(2 ** 48 - 2);
    const token = make({ ...claims, expiresAt: Number.POSITIVE_INFINITY }, "x");
    expect(read(claims, token).state).toBe("valid");
    vi.setSystemTime(2 ** 48 - 1);
    expect(read(claims, token).state).toBe("expired");
  });

  it("is none for another purpose or another audience", () => {
    const token = make(claims, "x");
    const others: Expected[] = [
      { ...claims, purpose: "client" },
      { ...claims, purpose: "server" },
      { ...claims, audience: "" },
      { ...claims, audience: "kawa-session2" },
      { purpose: "client", audience: 'session","kawa-session' },
    ];
    for (const other of others) expect(read(other, token)).toEqual({ state: "invalid" });
  });

  it("is none when one character of it is another", () => {
    const token = make(claims, "payload");
    for (let at = 0; at < token.length; at += 1) {
      for (const other of ["A", "z", "=", ".", " "]) {
        if (other === token[at]) continue;
        expect(read(claims, `${token.slice(0, at)}${other}${token.slice(at + 1)}`).state).toBe("invalid");
      }
    }
  });

  it("is none when it is cut, or longer", () => {
    const token = make(claims, "payload");
    for (let length = 0; length < token.length; length += 1)
      expect(read(claims, token.slice(0, length)).state).toBe("invalid");
    for (const more of ["A", "AAAA", "=", "\n", ".A", token]) expect(read(claims, token + more).state).toBe("invalid");
  });

  it("is none when it is no text, or a very long one", () => {
    for (const text of [undefined, null, 1, {}, [], "x".repeat(1_000_000), ".".repeat(1_000_000)]) {
      expect(read(claims, text).state).toBe("invalid");
    }
  });

  it("is none of the other kind", () => {
    const other = name === "signed" ? seal(claims, "x") : sign(claims, "x");
    expect(read(claims, other).state).toBe("invalid");
  });

  it("is taken by a server that has the secret as a previous one, and by no other", () => {
    const token = make(claims, "x");
    shareSecret(b, [c, a]);
    expect(read(claims, token).state).toBe("valid");
    shareSecret(b, [c]);
    expect(read(claims, token).state).toBe("invalid");
  });

  it("is of the current secret: it outlives the previous one", () => {
    shareSecret(b, [a]);
    const token = make(claims, "x");
    shareSecret(b, []);
    expect(read(claims, token).state).toBe("valid");
  });

  it("shows no secret", () => {
    const bytes = Buffer.from(make(claims, "x").split(".").at(-1)!, "base64url").toString("latin1");
    expect(bytes).not.toContain("secret A");
  });
});

describe("a signed token, while servers change from one secret to the next", () => {
  it("of the server that knows both is taken by the one that knows only the old, and the other way round", () => {
    const old = sign(claims, "x");
    shareSecret(b, [a]);
    const next = sign(claims, "x");
    expect(verify(claims, old).state).toBe("valid");
    shareSecret(a, []);
    expect(verify(claims, next).state).toBe("valid");
    shareSecret(c, []);
    expect([verify(claims, old).state, verify(claims, next).state]).toEqual(["invalid", "invalid"]);
  });
});

describe("a sealed token", () => {
  it("hides what it holds", () => {
    const bytes = Buffer.from(seal(claims, "the payload"), "base64url").toString("latin1");
    expect(bytes).not.toContain("payload");
    expect(bytes).not.toContain("kawa-session");
  });

  it("is another each time, and the same for equal contents where that is asked for", () => {
    expect(seal(claims, "x")).not.toBe(seal(claims, "x"));
    const alike = (payload: string, given = claims): string => seal(given, payload, { isDeterministic: true });
    expect(alike("x")).toBe(alike("x"));
    const others = [
      alike("x"),
      alike("y"),
      alike("x", { ...claims, audience: "b" }),
      alike("x", { ...claims, expiresAt: 2_000_001 }),
    ];
    // No two share a nonce, with which they would share a key.
    expect(new Set(others.map((token) => Buffer.from(token, "base64url").toString("hex", 4, 20))).size).toBe(4);
  });
});
