import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { shareSecret, signText } from "../../rivetkit/server-token.ts";
import { signFragment, verifyFragment } from "./fragment-token.ts";

const dayMs = 86_400_000;
const fragment = { id: "app/score.tsx:3:22#Score", props: { team: "red", since: new Date(0), tags: new Set(["a"]) } };

beforeEach(() => {
  vi.useFakeTimers({ now: 100 * dayMs });
  shareSecret("a secret of the test");
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

describe("the token of a fragment", () => {
  it("brings back its component and props, and is the same for equal ones", () => {
    const token = signFragment(fragment)!;
    expect(verifyFragment(token)).toEqual(fragment);
    expect(signFragment({ ...fragment, props: { ...fragment.props } })).toBe(token);
    expect(signFragment({ ...fragment, id: "other" })).not.toBe(token);
    expect(signFragment({ ...fragment, props: { team: "blue" } })).not.toBe(token);
  });

  it("is refused when anything in it was changed", () => {
    const [payload, signature] = signFragment(fragment)!.split(".") as [string, string];
    const forged = Buffer.from(Buffer.from(payload, "base64url").toString().replace("red", "blue")).toString("base64url");
    expect(forged).not.toBe(payload);
    for (const token of [`${forged}.${signature}`, `${payload}.${signature.slice(1)}`, payload, "", "."]) {
      expect(verifyFragment(token)).toBeUndefined();
    }
  });

  it("is refused when it was signed for something else, or with another secret", () => {
    const [payload] = signFragment(fragment)!.split(".") as [string];
    expect(verifyFragment(signText("client", payload))).toBeUndefined();
    const token = signFragment(fragment)!;
    shareSecret("another secret of the test");
    expect(verifyFragment(token)).toBeUndefined();
  });

  it("is good for two days after its own", () => {
    const token = signFragment(fragment)!;
    vi.setSystemTime(103 * dayMs - 1);
    expect(verifyFragment(token)).toEqual(fragment);
    vi.setSystemTime(103 * dayMs);
    expect(verifyFragment(token)).toBeUndefined();
  });

  it.each<[string, object]>([
    ["functions", { onClick: () => {} }],
    ["elements", { children: { $$typeof: Symbol.for("react.transitional.element") } }],
    ["promises", { params: Promise.resolve({}) }],
    ["more than 8 KiB", { text: "x".repeat(8 * 1024) }],
  ])("is not made for props with %s", (_, props) => {
    expect(signFragment({ id: "a", props })).toBeUndefined();
  });
});
