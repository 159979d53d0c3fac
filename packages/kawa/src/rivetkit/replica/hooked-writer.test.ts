import { describe, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { FakeLink } from "../../../test/support/fake-link.ts";
import { HookedWriter } from "./hooked-writer.ts";

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function set(writer: HookedWriter, key: string, value: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    writer.write({
      change: { key, text: `[${value}]` },
      context: Promise.resolve(undefined),
      deadline: 1,
      resolve,
      reject,
    });
  });
}

describe("a write that was given up", () => {
  it("is revoked before the next one of its key", async () => {
    const link = new FakeLink();
    const writer = new HookedWriter({ link: link.asLink, maxValueBytes: undefined });
    const first = codeOf(() => set(writer, "a", 1));
    await vi.waitFor(() => expect(link.asked).toHaveLength(1));
    link.timeOut();
    expect(await first).toBe("BACKEND_TIMEOUT");
    const second = set(writer, "a", 2);
    await vi.waitFor(() => expect(link.asked).toHaveLength(2));
    expect(link.asked.slice(1)).toMatchObject([{ type: "revoke", body: { numbers: [1] } }]);
    link.asked[1]!.answer({ applied: [] });
    await vi.waitFor(() => expect(link.asked).toHaveLength(3));
    expect(link.asked.slice(2)).toMatchObject([
      { type: "write", body: { number: 2, writes: [{ key: "a", text: "[2]" }] } },
    ]);
    link.asked[2]!.answer({ epoch: "e", seq: 1, conflicts: [] });
    await second;
  });

  it("while the one before it is revoked is never sent", async () => {
    const link = new FakeLink();
    const writer = new HookedWriter({ link: link.asLink, maxValueBytes: undefined });
    const codes = [codeOf(() => set(writer, "a", 1)), codeOf(() => set(writer, "a", 2))];
    for (let n = 1; n <= 2; n += 1) {
      await vi.waitFor(() => expect(link.asked).toHaveLength(n));
      link.timeOut();
    }
    expect(await Promise.all(codes)).toEqual(["BACKEND_TIMEOUT", "BACKEND_TIMEOUT"]);
    expect(link.asked.map(({ type }) => type)).toEqual(["write", "revoke"]);
    link.asked[1]!.answer({ applied: [] });
    await nextTurn();
    expect(link.asked.map(({ type }) => type)).toEqual(["write", "revoke"]);
  });
});
