import { describe, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { FakeLink } from "../../../test/support/fake-link.ts";
import { Writer } from "./writer.ts";

describe("when the hooks have gone", () => {
  it("a write that was given up while they were there does not come after a later one", async () => {
    const link = new FakeLink();
    const writer = new Writer({ link: link.asLink, timeoutMs: 30_000 });
    link.hooked = { reads: false, writes: true, lists: false };
    const early = codeOf(() => writer.write({ key: "a", text: "[1]" }, { context: Promise.resolve(undefined) }));
    await vi.waitFor(() => expect(link.asked).toHaveLength(1));
    link.timeOut();
    expect(await early).toBe("BACKEND_TIMEOUT");
    link.hooked = { reads: false, writes: false, lists: false };
    const later = writer.write({ key: "a", text: "[2]" }, { context: Promise.resolve(undefined) });
    await vi.waitFor(() => expect(link.asked).toHaveLength(2));
    expect(link.asked.slice(1)).toMatchObject([{ type: "revoke", body: { numbers: [1] } }]);
    link.asked[1]!.answer({ applied: [] });
    await vi.waitFor(() => expect(link.asked).toHaveLength(3));
    expect(link.asked.slice(2)).toMatchObject([{ type: "write", body: { writes: [{ key: "a", text: "[2]" }] } }]);
    link.asked[2]!.answer({ epoch: "e", seq: 1, conflicts: [] });
    await later;
  });
});

it("what writers write in turn after a reply goes as one batch to an actor that is elsewhere", async () => {
  const link = new FakeLink();
  const writer = new Writer({ link: link.asLink, timeoutMs: 30_000 });
  const lane = async (key: string, hops: number): Promise<void> => {
    for (let n = 1; n <= 2; n += 1) {
      await writer.write({ key, text: `[${n}]` }, { context: Promise.resolve(undefined) });
      for (let hop = 0; hop < hops; hop += 1) await undefined;
    }
  };
  const lanes = [lane("a", 0), lane("b", 3), lane("c", 30)];
  for (const n of [1, 2]) {
    await vi.waitFor(() => expect(link.asked).toHaveLength(n));
    const texts = ["a", "b", "c"].map((key) => ({ key, text: `[${n}]` }));
    expect(link.asked.at(-1)).toMatchObject({ type: "write", body: { writes: texts } });
    link.asked.at(-1)!.answer({ epoch: "e", seq: n, conflicts: [] });
  }
  await Promise.all(lanes);
});
