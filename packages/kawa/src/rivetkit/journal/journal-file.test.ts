import { appendFileSync, chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { type JournalEntry, JournalFile } from "./journal-file.ts";

vi.mock("node:fs", { spy: true });

let parent: ReturnType<typeof makeTempFolder>;
let folder: string;

beforeEach(() => {
  parent = makeTempFolder();
  folder = join(parent.path, "actor");
});

afterEach(() => {
  vi.restoreAllMocks();
  parent.remove();
});

function entry(seq: number, text: string | null = `[${seq}]`): JournalEntry {
  return [{ key: `k${seq}`, text, seq }];
}

/** Opens the journal as the next incarnation does, and gives what it finds. */
async function open(replay: (entries: readonly JournalEntry[]) => Promise<void> = async () => {}): Promise<[JournalFile, JournalEntry[]]> {
  const found: JournalEntry[] = [];
  const file = await JournalFile.open(folder, async (entries) => {
    await replay(entries);
    found.push(...entries);
  });
  return [file, found];
}

const diskFull = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });

describe("a journal", () => {
  it("is empty at first, and readable by its owner only", async () => {
    const [file, found] = await open();
    expect(found).toEqual([]);
    expect(file.size).toBe(0);
    expect(statSync(join(folder, "current")).mode & 0o777).toBe(0o600);
  });

  it("gives the next incarnation what was appended, in order, and forgets it then", async () => {
    const [first] = await open();
    const rows: JournalEntry = [
      { key: "\0client:x", text: '["é🎈\\u0000\\ud800"]', seq: 1 },
      { key: "line\nbreak\u2028", text: null, seq: 1 },
      { key: "", text: "\ud800", seq: 1 },
    ];
    first.append(rows);
    first.append(entry(2));
    const [second, found] = await open();
    expect(found).toEqual([rows, entry(2)]);
    expect(readdirSync(folder)).toEqual(["current"]);
    second.append(entry(3));
    expect((await open())[1]).toEqual([entry(3)]);
  });

  it("knows its size, and is empty after it was cleared", async () => {
    const [file] = await open();
    file.append(entry(1, '["é"]'));
    expect(file.size).toBe(statSync(join(folder, "current")).size);
    file.clear();
    expect(file.size).toBe(0);
    file.append(entry(2));
    expect((await open())[1]).toEqual([entry(2)]);
  });

  it("keeps its entries until they were replayed, also when that fails", async () => {
    const [first] = await open();
    first.append(entry(1));
    await expect(open(() => Promise.reject(new Error("the engine is gone")))).rejects.toThrow("the engine is gone");
    await expect(open(() => Promise.reject(new Error("still gone")))).rejects.toThrow("still gone");
    expect((await open())[1]).toEqual([entry(1)]);
  });

  it("finds what several incarnations have left that could not replay it, in the order of commits", async () => {
    mkdirSync(folder);
    // As after a kill between renaming and deleting, twice.
    writeFileSync(join(folder, "a"), '[3,[["k3","[3]"]]]\n[4,[["k4","[4]"]]]\n');
    writeFileSync(join(folder, "b"), '[1,[["k1","[1]"]]]\n[2,[["k2","[2]"]]]\n');
    writeFileSync(join(folder, "c"), "");
    expect((await open())[1]).toEqual([entry(1), entry(2), entry(3), entry(4)]);
    expect(readdirSync(folder)).toEqual(["current"]);
  });
});

describe("another incarnation", () => {
  it("ends this one: what it appends afterwards is refused", async () => {
    const [first] = await open();
    first.append(entry(1));
    expect(first.isCurrent).toBe(true);
    await open();
    expect(first.isCurrent).toBe(false);
    expect(await codeOf(() => first.append(entry(2)))).toBe("BACKEND_CLOSED");
    expect((await open())[1]).toEqual([]);
  });

  it("has found what was acknowledged, whenever it comes: an entry that it may not have found is refused", async () => {
    const [first] = await open();
    vi.mocked(appendFileSync).mockImplementationOnce((fd, bytes) => {
      // It renames the file just before, and has read it.
      renameSync(join(folder, "current"), join(folder, "taken"));
      appendFileSync(fd, bytes);
    });
    expect(await codeOf(() => first.append(entry(1)))).toBe("BACKEND_CLOSED");
  });

  it("is noticed although the new file may get the number of the old one", async () => {
    const [first] = await open();
    for (let n = 0; n < 100; n += 1) {
      rmSync(join(folder, "current"));
      writeFileSync(join(folder, "current"), "");
      expect(first.isCurrent).toBe(false);
    }
  });

  it("that starts beside this one replays what this one has written", async () => {
    const [old] = await open();
    old.append(entry(1));
    let other: JournalFile | undefined;
    const replayed: JournalEntry[] = [];
    const second = await JournalFile.open(folder, async (entries) => {
      replayed.push(...entries);
      if (other) return;
      [other] = await open();
      other.append(entry(2));
    });
    expect(replayed).toEqual([entry(1), entry(2)]);
    expect(other!.isCurrent).toBe(false);
    expect(second.isCurrent).toBe(true);
  });

  it("may clear nothing of the new one", async () => {
    const [first] = await open();
    first.append(entry(1));
    const [second] = await open();
    second.append(entry(2));
    first.clear();
    first.close();
    expect((await open())[1]).toEqual([entry(2)]);
  });
});

describe("an entry that could not be written whole", () => {
  it("was not acknowledged, and is left out", async () => {
    const [first] = await open();
    first.append(entry(1));
    appendFileSync(join(folder, "current"), '[2,[["k2","[2');
    expect((await open())[1]).toEqual([entry(1)]);
  });

  it("is taken back, so that the next one stands in a line of its own", async () => {
    const [file] = await open();
    file.append(entry(1));
    vi.mocked(appendFileSync).mockImplementationOnce((fd, bytes) => {
      appendFileSync(fd, (bytes as Buffer).subarray(0, 5));
      throw diskFull;
    });
    expect(() => file.append(entry(2))).toThrow(diskFull);
    expect(file.isCurrent).toBe(true);
    file.append(entry(2));
    expect(file.size).toBe(statSync(join(folder, "current")).size);
    expect((await open())[1]).toEqual([entry(1), entry(2)]);
  });

  it("ends the journal where it cannot be taken back", async () => {
    const { ftruncateSync } = await import("node:fs");
    const [file] = await open();
    file.append(entry(1));
    vi.mocked(appendFileSync).mockImplementationOnce((fd, bytes) => {
      appendFileSync(fd, (bytes as Buffer).subarray(0, 5));
      throw diskFull;
    });
    vi.mocked(ftruncateSync).mockImplementationOnce(() => {
      throw diskFull;
    });
    expect(() => file.append(entry(2))).toThrow(diskFull);
    expect(await codeOf(() => file.append(entry(2)))).toBe("BACKEND_CLOSED");
    expect((await open())[1]).toEqual([entry(1)]);
  });

  it("is kept for people, with what follows it, where others stand behind it", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => {});
    const [first] = await open();
    first.append(entry(1));
    appendFileSync(join(folder, "current"), `${"\0".repeat(20)}\n[3,[["k3","[3]"]]]\n`);
    const content = readFileSync(join(folder, "current"));
    expect((await open())[1]).toEqual([entry(1)]);
    const [kept] = readdirSync(folder).filter((name) => name !== "current");
    expect(readFileSync(join(folder, kept!))).toEqual(content);
    expect(error).toHaveBeenCalledExactlyOnceWith(expect.stringContaining(`1 of 3 commits`));
    expect(error.mock.calls[0]![0]).toContain(join(folder, kept!));
    expect((await open())[1]).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(2);
  });
});

describe("close", () => {
  it("leaves the entries to the next incarnation, may be called twice, and lets nothing be appended", async () => {
    const [file] = await open();
    file.append(entry(1));
    file.close();
    file.close();
    file.clear();
    expect(file.isCurrent).toBe(false);
    expect(await codeOf(() => file.append(entry(2)))).toBe("BACKEND_CLOSED");
    expect((await open())[1]).toEqual([entry(1)]);
  });
});

it.runIf(process.getuid?.() !== 0)("says why it cannot be opened", async () => {
  chmodSync(parent.path, 0o500);
  await expect(open()).rejects.toThrow("EACCES");
  chmodSync(parent.path, 0o700);
});
