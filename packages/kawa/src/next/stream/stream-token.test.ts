import { afterEach, describe, expect, it, vi } from "vitest";
import { RenderReads } from "../../react/render/render-reads.ts";
import { seal } from "../../rivetkit/secret/seal.ts";
import { issueStreamToken, maxTokenLength, readStreamToken } from "./stream-token.ts";

vi.stubEnv("KAWA_SECRET", "a secret of at least sixteen characters");

afterEach(() => void vi.useRealTimers());

function createRender(id: string, keys: readonly string[]): RenderReads {
  const render = new RenderReads(id);
  render.versions.set("b", { epoch: "e", seq: 7 });
  for (const key of keys) render.add("b", key);
  return render;
}

describe("a stream token", () => {
  it("tells the next server what the renders have read, and which versions they show", () => {
    const token = issueStreamToken("ada", [createRender("one", ["a", "__proto__"]), createRender("two", [])]);
    const { renders } = readStreamToken("ada", token);
    expect([...renders.keys()]).toEqual(["one", "two"]);
    const one = renders.get("one")!;
    expect([...one.keys.get("b")!]).toEqual(["a", "__proto__"]);
    expect(one.versions.get("b")).toEqual({ epoch: "e", seq: 7 });
  });

  it("tells it too which of them were hidden, and from whom", () => {
    const render = createRender("one", ["a"]);
    render.add("b", "hidden", "ada");
    render.add("c", "other", "");
    const told = readStreamToken("ada", issueStreamToken("ada", [render])).renders.get("one")!;
    const hiddenFrom = [
      ["b", "a"],
      ["b", "hidden"],
      ["c", "other"],
    ].map(([backendId, key]) => told.hiddenFrom(backendId!, key!));
    expect(hiddenFrom).toEqual([undefined, "ada", ""]);
  });

  it("tells it nothing of a render that may still read more, and everything once that has ended", () => {
    const [ended, growing] = [createRender("ended", ["a"]), createRender("growing", ["a"])];
    const stop = growing.grow();
    const told = (): string[] => [...readStreamToken("", issueStreamToken("", [ended, growing])).renders.keys()];
    expect(told()).toEqual(["ended"]);
    stop();
    expect(told()).toEqual(["ended", "growing"]);
  });

  it.each([undefined, null, 1, "", "a.b", `${Buffer.from("{}").toString("base64url")}.AAAA`])(
    "is none when it is %j",
    (token) => {
      expect(readStreamToken("", token).renders.size).toBe(0);
    },
  );

  it("is of no use to another session, nor to nobody", () => {
    const token = issueStreamToken("ada", [createRender("one", ["a"])]);
    expect([readStreamToken("bob", token).renders.size, readStreamToken("", token).renders.size]).toEqual([0, 0]);
  });

  it("is of no use when it was changed, or sealed for something else", () => {
    const token = issueStreamToken("ada", [createRender("one", ["a"])])!;
    for (let at = 0; at < token.length; at += 1) {
      const changed = `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
      expect(readStreamToken("ada", changed).renders.size).toBe(0);
    }
    const payload = JSON.stringify({ subject: "ada", renders: [{ id: "one", versions: [], keys: [] }] });
    const expiresAt = Date.now() + 1_000;
    expect(
      readStreamToken("ada", seal({ purpose: "fragment", audience: "stream", expiresAt }, payload)).renders.size,
    ).toBe(0);
    expect(
      readStreamToken("ada", seal({ purpose: "stream", audience: "stream", expiresAt }, payload)).renders.size,
    ).toBe(1);
  });

  it("shows its bearer no key, no backend and no session", () => {
    const token = issueStreamToken("session of ada", [createRender("one", ["tenant:secret key"])])!;
    const bytes = Buffer.from(token, "base64url").toString("latin1");
    for (const name of ["tenant:secret key", "session of ada", "versions"]) expect(bytes).not.toContain(name);
  });

  it("is none that a request could not bring back: of few keys with long names", () => {
    const keysOf = (count: number): string[] => Array.from({ length: count }, (_, n) => `${n}:`.padEnd(400, "k"));
    expect(issueStreamToken("", [createRender("one", keysOf(400))])).toBeUndefined();
    expect(issueStreamToken("", [createRender("one", keysOf(100))])!.length).toBeLessThanOrEqual(maxTokenLength);
  });

  it("expires after a day", () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const token = issueStreamToken("", [createRender("one", ["a"])]);
    vi.setSystemTime(Date.now() + 24 * 60 * 60 * 1000 - 1);
    expect(readStreamToken("", token).renders.size).toBe(1);
    vi.setSystemTime(Date.now() + 1);
    expect(readStreamToken("", token).renders.size).toBe(0);
  });

  it("is not made for more than 500 keys", () => {
    const keys = Array.from({ length: 500 }, (_, n) => `k${n}`);
    expect(issueStreamToken("", [createRender("one", keys)])).toBeDefined();
    expect(issueStreamToken("", [createRender("one", keys), createRender("two", ["a"])])).toBeUndefined();
  });

  it("is not made where servers have no secret in common", () => {
    vi.stubEnv("KAWA_SECRET", "");
    expect(issueStreamToken("", [createRender("one", ["a"])])).toBeUndefined();
    vi.stubEnv("KAWA_SECRET", "a secret of at least sixteen characters");
  });
});
