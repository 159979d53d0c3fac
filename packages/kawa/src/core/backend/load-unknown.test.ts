import { describe, expect, it } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { createMemoryBackend } from "../memory/memory-backend.ts";
import { loadUnknown } from "./load-unknown.ts";
import type { Read } from "./reads.ts";

const backend = createMemoryBackend("load-unknown");
const read = (key: string): Read => ({ backend, key });

describe("loadUnknown", () => {
  it("loads what is unknown together, and then what is read because of it", async () => {
    const known = new Set<string>();
    const rounds: string[][] = [];
    const unknownReads = (): Read[] => {
      const reads = known.has("a") && known.has("b") ? ["a", "b", "c"] : ["a", "b"];
      const unknown = reads.filter((key) => !known.has(key));
      rounds.push(unknown);
      return unknown.map(read);
    };
    await loadUnknown(unknownReads, async ({ key }) => known.add(key));
    expect(rounds).toEqual([["a", "b"], ["c"], []]);
  });

  it("loads nothing where all is known", async () => {
    let loadCount = 0;
    await loadUnknown(
      () => [],
      async () => (loadCount += 1),
    );
    expect(loadCount).toBe(0);
  });

  it("fails with the first load that does, and asks no more", async () => {
    const failure = new Error("no");
    let askCount = 0;
    const unknownReads = (): Read[] => {
      askCount += 1;
      return [read("a")];
    };
    expect(await caught(() => loadUnknown(unknownReads, () => Promise.reject(failure)))).toBe(failure);
    expect(askCount).toBe(1);
  });
});
