import { describe, expect, it } from "vitest";
import { openTestStore } from "../../../test/support/sqlite.ts";
import { write } from "../../../test/support/store.ts";
import { streamKey } from "../../core/backend/key.ts";
import type { Row } from "../wire/protocol.ts";
import { SignalRows } from "./signal-rows.ts";

const mebi = 1024 * 1024;

function rowsOf(keys: readonly string[], text = "[1]"): SignalRows {
  const rows = new SignalRows();
  rows.apply(
    keys.map((key): Row => [key, text, 1]),
    1,
  );
  return rows;
}

function keysOf({ rows }: { rows: readonly Row[] }): string[] {
  return rows.map(([key]) => key);
}

describe("read", () => {
  it("gives the rows of the first keys, as many as fit into one message and at least one", () => {
    const rows = rowsOf(["a", "b", "c"], "x".repeat(3 * mebi));
    expect(rows.read(["a", "b", "c"]).map(([key]) => key)).toEqual(["a", "b"]);
    expect(rows.read(["c"]).map(([key]) => key)).toEqual(["c"]);
  });
});

describe("read as of an earlier commit", () => {
  function rowsWithHistory(): SignalRows {
    const rows = new SignalRows();
    rows.restore(
      [
        ["a", "[3]", 3],
        ["b", "[2]", 2],
      ],
      { seq: 3 },
    );
    rows.apply(
      [
        ["a", "[4]", 4],
        ["new", "[4]", 4],
      ],
      4,
    );
    rows.apply([["a", null, 5]], 5);
    rows.apply(
      [
        ["a", "[6]", 6],
        ["new", "[6]", 6],
      ],
      6,
    );
    return rows;
  }

  it("gives each key as it was then", () => {
    const keys = ["a", "b", "new", "never"];
    const at = (seq: number) =>
      rowsWithHistory()
        .read(keys, seq)
        .map(([, text, rowSeq]) => [text, rowSeq]);
    expect(at(3)).toEqual([
      ["[3]", 3],
      ["[2]", 2],
      [null, 0],
      [null, 0],
    ]);
    expect(at(4)).toEqual([
      ["[4]", 4],
      ["[2]", 2],
      ["[4]", 4],
      [null, 0],
    ]);
    expect(at(5)).toEqual([
      [null, 5],
      ["[2]", 2],
      ["[4]", 4],
      [null, 0],
    ]);
    expect(at(6)).toEqual([
      ["[6]", 6],
      ["[2]", 2],
      ["[6]", 6],
      [null, 0],
    ]);
  });

  it("gives the current row, with its higher number, where the older was lost by a sleep", () => {
    const rows = rowsWithHistory();
    expect(rows.row("a", 2)).toEqual(["a", "[6]", 6]);
    expect(rows.row("b", 1)).toEqual(["b", "[2]", 2]);
  });

  it("does not take for one commit what several have done", () => {
    const rows = rowsWithHistory();
    rows.apply(
      [
        ["a", "[8]", 8],
        ["b", "[9]", 9],
      ],
      9,
    );
    expect([6, 7, 8].map((seq) => rows.row("b", seq)[1])).toEqual(["[2]", "[9]", "[9]"]);
  });

  it("keeps the last 10,000 overwritten rows", () => {
    const rows = new SignalRows();
    for (let seq = 1; seq <= 10_002; seq += 1) rows.apply([["a", `[${seq}]`, seq]], seq);
    expect([0, 1, 2, 10_001].map((seq) => rows.row("a", seq)[2])).toEqual([10_002, 10_002, 2, 10_001]);
  });

  it("keeps no more than 4 Mi characters of them", () => {
    const rows = new SignalRows();
    const text = "x".repeat(mebi - 1);
    for (let seq = 1; seq <= 7; seq += 1) rows.apply([["a", text, seq]], seq);
    expect([1, 2, 3, 6].map((seq) => rows.row("a", seq)[2])).toEqual([7, 7, 3, 6]);
  });
});

describe("list", () => {
  it("gives keys with a value under a prefix, in the order of code units", () => {
    const rows = rowsOf(["b", "a:2", "a:10", "a:1", "a", "aa", "a:é", "a:🎈", "a:\uffff", "a:gone"]);
    rows.apply([["a:gone", null, 2]], 2);
    expect(keysOf(rows.list("a:", "", true))).toEqual(["a:1", "a:10", "a:2", "a:é", "a:🎈", "a:\uffff"]);
    expect(keysOf(rows.list("", "", true))).toEqual(["a", "a:1", "a:10", "a:2", "a:é", "a:🎈", "a:\uffff", "aa", "b"]);
    expect(rows.list("c", "", true)).toEqual({ rows: [], after: null });
  });

  it("goes on after a key, whether it still has a value or not", () => {
    const rows = rowsOf(["a:1", "a:2", "a:3", "b"]);
    expect(keysOf(rows.list("a:", "a:1", true))).toEqual(["a:2", "a:3"]);
    expect(keysOf(rows.list("a:", "a:1x", true))).toEqual(["a:2", "a:3"]);
    expect(keysOf(rows.list("a:", "a:3", true))).toEqual([]);
    expect(keysOf(rows.list("b", "a", true))).toEqual(["b"]);
    expect(keysOf(rows.list("a:", "b", true))).toEqual([]);
  });

  it("leaves texts out when they are not asked for", () => {
    const rows = rowsOf(["a"]);
    expect(rows.list("", "", true)).toEqual({ rows: [["a", "[1]", 1]], after: null });
    expect(rows.list("", "", false)).toEqual({ rows: [["a", null, 1]], after: null });
  });

  it("gives streams only when it is asked for them", () => {
    const rows = rowsOf([streamKey("s"), streamKey("t"), "\u0001", "a"]);
    expect(keysOf(rows.list("", "", true))).toEqual(["\u0001", "a"]);
    expect(keysOf(rows.list("", streamKey("s"), true))).toEqual(["\u0001", "a"]);
    expect(keysOf(rows.list(streamKey(""), "", true))).toEqual([streamKey("s"), streamKey("t")]);
    expect(keysOf(rows.list(streamKey(""), streamKey("s"), true))).toEqual([streamKey("t")]);
  });

  it("comes in pages of a message each", () => {
    const keys = Array.from({ length: 100 }, (_, n) => `k${String(n).padStart(2, "0")}`);
    const rows = rowsOf(keys, "x".repeat(200_000));
    const pages: string[][] = [];
    let after: string | null = "";
    while (after !== null) {
      const page = rows.list("k", after, true);
      pages.push(keysOf(page));
      after = page.after;
    }
    expect(pages.flat()).toEqual(keys);
    expect(pages.map((page) => page.length)).toEqual([21, 21, 21, 21, 16]);
    expect(rows.list("k", "", false).after).toBeNull();
  });

  it("is complete when its last row fills the page", () => {
    const rows = rowsOf(["a"], "x".repeat(5 * mebi));
    expect(rows.list("", "", true).after).toBeNull();
  });

  it("knows keys that came, went and came back since the last time", () => {
    const rows = rowsOf(["b", "d"]);
    expect(keysOf(rows.list("", "", false))).toEqual(["b", "d"]);
    rows.apply(
      [
        ["c", "[1]", 2],
        ["a", "[1]", 2],
        ["d", null, 2],
      ],
      2,
    );
    expect(keysOf(rows.list("", "", false))).toEqual(["a", "b", "c"]);
    rows.apply(
      [
        ["d", "[1]", 3],
        ["e", "[1]", 3],
      ],
      3,
    );
    expect(keysOf(rows.list("", "", false))).toEqual(["a", "b", "c", "d", "e"]);
  });
});

describe("lastKey", () => {
  it("is the last one under a prefix, whatever comes behind it", () => {
    const rows = rowsOf(["a:1", "a:\uffff\uffff", "a;", "b", "\0kept:1", "\0kept:2"]);
    const shown = ["", "a:", "b", "c", "A", "\0kept:"].map((prefix) => rows.lastKey(prefix));
    expect(shown).toEqual(["b", "a:\uffff\uffff", "b", undefined, undefined, "\0kept:2"]);
  });
});

describe("since", () => {
  it("gives every row that changed after a version, once and in its newest form", async () => {
    const store = await openTestStore();
    const { epoch } = store.position;
    await write(store, "c", 1, [
      { key: "a", text: "[1]" },
      { key: "b", text: "[1]" },
    ]);
    await write(store, "c", 2, [{ key: "a", text: "[2]" }]);
    await write(store, "c", 3, [
      { key: "a", text: "[3]" },
      { key: "c", text: null },
    ]);
    expect(store.since(epoch, 3)).toEqual({ epoch, seq: 3, rows: [] });
    expect(store.since(epoch, 2).rows).toEqual([
      ["a", "[3]", 3],
      ["c", null, 3],
    ]);
    expect(store.since(epoch, 0).rows!.toSorted()).toEqual([
      ["a", "[3]", 3],
      ["b", "[1]", 1],
      ["c", null, 3],
    ]);
  });

  it("gives null for another history, and for a version that is not there yet", async () => {
    const store = await openTestStore();
    await write(store, "c", 1, [{ key: "a", text: "[1]" }]);
    expect(store.since("", 0)).toEqual({ ...store.position, rows: null });
    expect(store.since("other", 1).rows).toBeNull();
    expect(store.since(store.position.epoch, 2).rows).toBeNull();
  });

  it("gives null when the rows do not fit into one message", () => {
    const rows = rowsOf(["a", "b"], "x".repeat(3 * mebi));
    expect(rows.since(0)).toBeNull();
    rows.apply([["a", "[1]", 2]], 2);
    expect(rows.since(1)).toEqual([["a", "[1]", 2]]);
    expect(rows.since(0)).toHaveLength(2);
  });

  it("is right for every version, also those from before the commits that it has at hand", () => {
    const rows = new SignalRows();
    rows.restore([["start", "[0]", 7]], { seq: 7 });
    const writtenIn = new Map<string, number>([["start", 7]]);
    for (let seq = 8; seq <= 40; seq += 1) {
      const keys = Array.from({ length: 700 }, (_, n) => `k${(seq * 131 + n * 7) % 3_000}`);
      rows.apply(
        [...new Set(keys)].map((key): Row => [key, `[${seq}]`, seq]),
        seq,
      );
      for (const key of keys) writtenIn.set(key, seq);
    }
    for (let seq = 6; seq <= 40; seq += 1) {
      const expected = [...writtenIn].filter(([, at]) => at > seq).map(([key, at]) => `${key}@${at}`);
      expect(
        rows
          .since(seq)!
          .map(([key, , at]) => `${key}@${at}`)
          .sort(),
      ).toEqual(expected.sort());
    }
  });
});
