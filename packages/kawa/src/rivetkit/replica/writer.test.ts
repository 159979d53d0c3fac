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
