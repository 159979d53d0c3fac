import { describe, expect, it } from "vitest";
import { decodeJournal, encodeEntry, type JournalEntry } from "./journal-line.ts";

describe("a journal of some megabytes", () => {
  it("is decoded in slices, between which others go on", async () => {
    const entries = Array.from({ length: 2_000 }, (_, seq): JournalEntry => [
      { key: `k${seq}`, text: "x".repeat(1_000), seq },
    ]);
    let turns = 0;
    let next: NodeJS.Immediate | undefined;
    const turn = (): void => {
      turns += 1;
      next = setImmediate(turn);
    };
    turn();
    const decoded = await decodeJournal(Buffer.concat(entries.map(encodeEntry)));
    clearImmediate(next);
    expect(decoded.entries).toEqual(entries);
    expect(turns).toBeGreaterThanOrEqual(6);
  });
});
