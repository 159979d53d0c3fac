import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { type Disk, type DiskFile, realDisk } from "./disk.ts";
import { JournalFile, type JournalFileOptions, type JournalStart } from "./journal-file.ts";
import { encodeEntry, type JournalContent, type JournalEntry } from "./journal-line.ts";

let parent: ReturnType<typeof makeTempFolder>;
let folder: string;
const opened: JournalFile[] = [];

beforeEach(() => {
  parent = makeTempFolder();
  folder = join(parent.path, "actor");
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((file) => file.close()));
  parent.remove();
});

function entry(seq: number, text: string | null = `[${seq}]`): JournalEntry {
  return [{ key: `k${seq}`, text, seq }];
}

const header: JournalStart = { actor: "id", stored: -1, entries: [] };
const nothing = async (): Promise<JournalStart> => header;

/** Opens the journal as the next incarnation does, and gives what it finds. */
async function open(
  options: Partial<JournalFileOptions> = {},
  replay: (left: JournalContent) => Promise<JournalStart> = nothing,
): Promise<[JournalFile, JournalEntry[]]> {
  const found: JournalEntry[] = [];
  const all = { folder, disk: realDisk, isFlushed: true, firstBytes: 4_096, maxBytes: 16_384, ...options };
  const file = await JournalFile.open(all, async (left) => {
    const next = await replay(left);
    found.push(...left.entries);
    return next;
  });
  opened.push(file);
  return [file, found];
}

async function append(file: JournalFile, rows: JournalEntry): Promise<void> {
  await file.append(encodeEntry(rows), rows[0]!.seq);
}

/** A disk whose next write to an entry does something else. */
function faultyDisk(): {
  disk: Disk;
  write: ((original: DiskFile["write"], bytes: Uint8Array, position: number) => Promise<void>) | undefined;
} {
  const faulty: ReturnType<typeof faultyDisk> = {
    write: undefined,
    disk: {
      ...realDisk,
      create: async (path, isFlushed) => {
        const file = await realDisk.create(path, isFlushed);
        return {
          ...file,
          write: (bytes, position) =>
            faulty.write ? faulty.write(file.write, bytes, position) : file.write(bytes, position),
        };
      },
    },
  };
  return faulty;
}

const diskFull = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
const diskBroken = Object.assign(new Error("i/o error"), { code: "EIO" });

describe.each([true, false])("a journal (flushed: %s)", (isFlushed) => {
  it("is empty at first, and readable by its owner only", async () => {
    const [file, found] = await open({ isFlushed });
    expect(found).toEqual([]);
    expect(file.usedBytes).toBe(0);
    expect(statSync(join(folder, "current")).mode & 0o777).toBe(0o600);
  });

  it("gives the next incarnation what was appended, and forgets it then", async () => {
    const [first] = await open({ isFlushed });
    const rows: JournalEntry = [
      { key: "\0client:x", text: '["é🎈\\u0000\\ud800"]', seq: 1 },
      { key: "line\nbreak\u2028", text: null, seq: 1 },
      { key: "", text: "\ud800", seq: 1 },
    ];
    await append(first, rows);
    await append(first, entry(2));
    const [second, found] = await open({ isFlushed });
    expect(found).toEqual([rows, entry(2)]);
    expect(readdirSync(folder)).toEqual(["current"]);
    await append(second, entry(3));
    expect((await open({ isFlushed }))[1]).toEqual([entry(3)]);
  });

  it("is written around when entries were given up, and never over one that was not", async () => {
    const [file] = await open({ isFlushed });
    let kept = 1;
    for (let seq = 1; seq <= 600; seq += 1) {
      const line = encodeEntry(entry(seq, `["${"x".repeat((seq * 37) % 300)}"]`));
      while (!file.hasRoom(line)) file.release((kept += 20) - 1);
      await file.append(line, seq);
    }
    expect(statSync(join(folder, "current")).size).toBeLessThanOrEqual(16_384);
    const found = (await open({ isFlushed }))[1].map((rows) => rows[0]!.seq).sort((a, b) => a - b);
    expect(found.slice(-(601 - kept))).toEqual(Array.from({ length: 601 - kept }, (_, index) => kept + index));
  });

  it("takes a line that is larger than all of it", async () => {
    const [file] = await open({ isFlushed });
    const large = entry(1, "x".repeat(30_000));
    await append(file, large);
    expect(file.hasRoom(encodeEntry(entry(2)))).toBe(false);
    file.release(1);
    await append(file, entry(2));
    expect((await open({ isFlushed }))[1]).toContainEqual(entry(2));
  });

  it("begins with the entries that are still to be stored, and gives them up as others", async () => {
    const entries = Array.from({ length: 50 }, (_, index) => entry(index + 1, "x".repeat(1_000)));
    const [file] = await open({ isFlushed }, async () => ({ ...header, entries }));
    expect(file.usedBytes).toBeGreaterThan(50_000);
    expect(file.hasRoom(encodeEntry(entry(51)))).toBe(false);
    file.release(40);
    await append(file, entry(51));
    const found = (await open({ isFlushed }))[1].map((rows) => rows[0]!.seq);
    for (let seq = 41; seq <= 51; seq += 1) expect(found).toContain(seq);
  });

  it("keeps its entries until they were replayed, also when that fails", async () => {
    const [first] = await open({ isFlushed });
    await append(first, entry(1));
    await expect(open({ isFlushed }, () => Promise.reject(new Error("the engine is gone")))).rejects.toThrow(
      "the engine is gone",
    );
    await expect(open({ isFlushed }, () => Promise.reject(new Error("still gone")))).rejects.toThrow("still gone");
    expect((await open({ isFlushed }))[1]).toEqual([entry(1)]);
  });

  it("leaves the entries to the next incarnation when it is closed, twice, and lets nothing be appended", async () => {
    const [file] = await open({ isFlushed });
    await append(file, entry(1));
    await file.close();
    await file.close();
    expect(file.isCurrent).toBe(false);
    expect(await codeOf(() => append(file, entry(2)))).toBe("BACKEND_CLOSED");
    expect((await open({ isFlushed }))[1]).toEqual([entry(1)]);
  });
});

describe("a journal of a version without checksums", () => {
  it("is read, with what several incarnations have left that could not replay it", async () => {
    mkdirSync(folder);
    // As after a kill between renaming and deleting, twice.
    writeFileSync(join(folder, "a"), '[3,[["k3","[3]"]]]\n[4,[["k4","[4]"]]]\n');
    writeFileSync(join(folder, "b"), '[1,[["k1","[1]"]]]\n[2,[["k2","[2]"]]]\n[5,[["k5","[');
    writeFileSync(join(folder, "c"), "");
    const [, found] = await open();
    expect(found.sort((a, b) => a[0]!.seq - b[0]!.seq)).toEqual([entry(1), entry(2), entry(3), entry(4)]);
    expect(readdirSync(folder)).toEqual(["current"]);
  });
});

describe("another incarnation", () => {
  it("ends this one: what it appends afterwards is refused", async () => {
    const [first] = await open();
    await append(first, entry(1));
    expect(first.isCurrent).toBe(true);
    await open();
    expect(first.isCurrent).toBe(false);
    expect(await codeOf(() => append(first, entry(2)))).toBe("BACKEND_CLOSED");
    expect((await open())[1]).toEqual([]);
  });

  it("has found what was acknowledged, whenever it comes: an entry that it may not have found is refused", async () => {
    const faulty = faultyDisk();
    const [first] = await open({ disk: faulty.disk });
    faulty.write = async (write, bytes, position) => {
      // It renames the file just before, and has read it.
      renameSync(join(folder, "current"), join(folder, "taken"));
      await write(bytes, position);
    };
    expect(await codeOf(() => append(first, entry(1)))).toBe("BACKEND_CLOSED");
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
    await append(old, entry(1));
    let other: JournalFile | undefined;
    const [second, replayed] = await open({}, async () => {
      if (other) return header;
      [other] = await open();
      await append(other, entry(2));
      return header;
    });
    expect(replayed).toEqual([entry(1), entry(2)]);
    expect(other!.isCurrent).toBe(false);
    expect(second.isCurrent).toBe(true);
  });
});

describe("two incarnations that start at once", () => {
  it("lose nothing when the second takes the file of the first before it is written", async () => {
    const [old] = await open();
    await append(old, entry(1));
    const entries = [entry(1)];
    let second: JournalEntry[] = [];
    const disk: Disk = {
      ...realDisk,
      create: async (path, isFlushed) => {
        const file = await realDisk.create(path, isFlushed);
        const write: DiskFile["write"] = async (bytes, position) => {
          renameSync(join(folder, "current"), join(folder, "taken"));
          await file.write(bytes, position);
          // Of the other one, which has read an empty file by then.
          writeFileSync(join(folder, "taken"), "");
        };
        return { ...file, write };
      },
    };
    expect(await codeOf(() => open({ disk }, async () => ({ ...header, entries })))).toBe("BACKEND_CLOSED");
    [, second] = await open({}, async (left) => ({ ...header, entries: left.entries }));
    expect(second).toEqual([entry(1)]);
  });
});

describe("a line that is damaged", () => {
  it("is left out, wherever it is", async () => {
    const [first] = await open();
    for (const seq of [1, 2, 3]) await append(first, entry(seq));
    const bytes = readFileSync(join(folder, "current"));
    bytes[bytes.indexOf("[2]")] = 0;
    writeFileSync(join(folder, "current"), bytes);
    expect((await open())[1]).toEqual([entry(1), entry(3)]);
  });

  it("was not acknowledged when it has no end", async () => {
    const [first] = await open({ isFlushed: false });
    await append(first, entry(1));
    appendFileSync(join(folder, "current"), '00000000[2,[["k2","[2');
    expect((await open())[1]).toEqual([entry(1)]);
  });
});

describe("a disk that fails", () => {
  it("has taken nothing when it was full: the next entry is written", async () => {
    const faulty = faultyDisk();
    const [file] = await open({ disk: faulty.disk });
    await append(file, entry(1, "x".repeat(3_000)));
    faulty.write = () => Promise.reject(diskFull);
    expect(await caught(() => append(file, entry(2, "x".repeat(3_000))))).toMatchObject({
      code: "DISK_FAILED",
      data: { isFull: true, code: "ENOSPC" },
      cause: diskFull,
    });
    faulty.write = undefined;
    await append(file, entry(2));
    expect((await open())[1]).toEqual([entry(1, "x".repeat(3_000)), entry(2)]);
  });

  it("may have taken an entry that it says it has not", async () => {
    const faulty = faultyDisk();
    const [file] = await open({ disk: faulty.disk });
    faulty.write = () => Promise.reject(diskBroken);
    expect(await caught(() => append(file, entry(1)))).toMatchObject({
      code: "DISK_FAILED",
      data: { isFull: false, code: "EIO" },
    });
  });

  it("leaves nothing of half an entry where nothing is flushed", async () => {
    const faulty = faultyDisk();
    const [file] = await open({ disk: faulty.disk, isFlushed: false });
    await append(file, entry(1));
    faulty.write = async (write, bytes, position) => {
      await write(bytes.subarray(0, 15), position);
      throw diskFull;
    };
    expect(await caught(() => append(file, entry(2)))).toMatchObject({ code: "DISK_FAILED", data: { isFull: true } });
    faulty.write = undefined;
    await append(file, entry(2));
    expect((await open())[1]).toEqual([entry(1), entry(2)]);
  });

  it("keeps the old file, and no part of a new one, when it is full as the journal is opened", async () => {
    const [first] = await open();
    await append(first, entry(1));
    const faulty = faultyDisk();
    faulty.write = () => Promise.reject(diskFull);
    for (let n = 0; n < 3; n += 1) expect(await codeOf(() => open({ disk: faulty.disk }))).toBe("DISK_FAILED");
    expect(readdirSync(folder)).toHaveLength(1);
    expect((await open())[1]).toEqual([entry(1)]);
  });
});

describe("an old file that cannot be given up", () => {
  const broken = (): Promise<never> => Promise.reject(diskBroken);

  it.each<[string, Partial<Disk>]>([
    ["deleted", { remove: (path) => (path.endsWith("b") ? broken() : realDisk.remove(path)) }],
    [
      "deleted on the disk",
      { flushFolder: (path) => (readdirSync(folder).includes("b") ? realDisk.flushFolder(path) : broken()) },
    ],
  ])("has its entries in the new one (not %s)", async (_, faulty) => {
    const [first] = await open();
    await append(first, entry(1));
    renameSync(join(folder, "current"), join(folder, "a"));
    writeFileSync(join(folder, "b"), "");
    const disk: Disk = { ...realDisk, list: async (path) => [...(await realDisk.list(path))].sort(), ...faulty };
    expect(await codeOf(() => open({ disk }, async (left) => ({ ...header, entries: left.entries })))).toBe(
      "DISK_FAILED",
    );
    expect(readdirSync(folder)).not.toContain("a");
    expect((await open())[1]).toEqual([entry(1)]);
  });
});

it.runIf(process.getuid?.() !== 0)("says why it cannot be opened", async () => {
  chmodSync(parent.path, 0o500);
  await expect(open()).rejects.toThrow("EACCES");
  chmodSync(parent.path, 0o700);
});
