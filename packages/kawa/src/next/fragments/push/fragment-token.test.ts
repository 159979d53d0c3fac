import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { seal } from "../../../rivetkit/secret/seal.ts";
import { shareSecret } from "../../../rivetkit/secret/shared-secret.ts";
import { sealFragment, openFragment } from "./fragment-token.ts";

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
    const token = sealFragment(fragment)!;
    expect(openFragment(token)).toEqual(fragment);
    expect(sealFragment({ ...fragment, props: { ...fragment.props } })).toBe(token);
    expect(sealFragment({ ...fragment, id: "other" })).not.toBe(token);
    expect(sealFragment({ ...fragment, props: { team: "blue" } })).not.toBe(token);
  });

  it("shows its bearer neither the place in the source nor the props", () => {
    const bytes = Buffer.from(sealFragment(fragment)!, "base64url").toString("latin1");
    for (const text of ["score.tsx", "app/", "Score", "team", "red"]) expect(bytes).not.toContain(text);
  });

  it("is refused when anything in it was changed", () => {
    const token = sealFragment(fragment)!;
    for (const changed of [
      token.slice(1),
      token.slice(0, -1),
      `${token}A`,
      `${token}=`,
      `${token}.`,
      token.toUpperCase(),
      "",
      ".",
    ]) {
      expect(openFragment(changed)).toBeUndefined();
    }
  });

  it("is refused when it was sealed for something else, or with another secret", () => {
    const payload = JSON.stringify([fragment.id, "[{}]"]);
    const expiresAt = Date.now() + dayMs;
    expect(openFragment(seal({ purpose: "stream", audience: "fragment", expiresAt }, payload))).toBeUndefined();
    expect(openFragment(seal({ purpose: "fragment", audience: "fragment", expiresAt }, payload))).toEqual({
      ...fragment,
      props: {},
    });
    const token = sealFragment(fragment)!;
    shareSecret("another secret of the test");
    expect(openFragment(token)).toBeUndefined();
  });

  it("is good for two days after its own", () => {
    const token = sealFragment(fragment)!;
    vi.setSystemTime(103 * dayMs - 1);
    expect(openFragment(token)).toEqual(fragment);
    vi.setSystemTime(103 * dayMs);
    expect(openFragment(token)).toBeUndefined();
  });

  it.each<[string, object]>([
    ["functions", { onClick: () => {} }],
    ["elements", { children: { $$typeof: Symbol.for("react.transitional.element") } }],
    ["promises", { params: Promise.resolve({}) }],
    ["more than 8 KiB", { text: "x".repeat(8 * 1024) }],
  ])("is not made for props with %s", (_, props) => {
    expect(sealFragment({ id: "a", props })).toBeUndefined();
  });
});
