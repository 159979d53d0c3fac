import { mkdirSync, renameSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { caught, codeOf } from "../../../test/support/caught.ts";
import { makeTempFolder } from "../../../test/support/temp-folder.ts";
import { type Disk, realDisk } from "./disk.ts";
import { EngineFiles } from "./engine-files.ts";

let folder: ReturnType<typeof makeTempFolder>;
let dataPath: string;
let flushed: string[];
/** Called before a file is flushed. */
let onFlush: (name: string) => unknown;

const disk: Disk = {
  ...realDisk,
  flushFile: async (path) => {
    await onFlush(basename(path));
    const isThere = await realDisk.flushFile(path);
    if (isThere) flushed.push(basename(path));
    return isThere;
  },
  flushFolder: async (path) => {
    await realDisk.flushFolder(path);
    flushed.push(`${basename(path)}/`);
  },
};

beforeEach(() => {
  folder = makeTempFolder();
  dataPath = join(folder.path, "data");
  mkdirSync(dataPath);
  for (const name of [
    "CURRENT",
    "IDENTITY",
    "MANIFEST-1",
    "2.log",
    "3.sst",
    "LOCK",
    "LOG",
    "LOG.old.1",
    ".write-1.0.room",
  ])
    writeData(name);
  for (const name of ["secret", "admin-token", "engine.log", "engine.lock"])
    writeFileSync(join(folder.path, name), "x");
  flushed = [];
  onFlush = () => {};
});

afterEach(() => folder.remove());

function writeData(name: string, text: string = name): void {
  writeFileSync(join(dataPath, name), text);
}

/** As if all files had been written long ago. */
function age(...names: string[]): void {
  for (const name of names) utimesSync(join(dataPath, name), 1_000, 1_000);
}

function engineFiles(onFailure?: () => void): EngineFiles {
  return new EngineFiles({ path: folder.path, dataPath, disk, ...(onFailure ? { onFailure } : {}) });
}

describe("a flush of the engine's files", () => {
  it("takes all that the store is made of, then their names, and once what is needed to find it", async () => {
    const files = engineFiles();
    await files.flush();
    const data = ["2.log", "3.sst", "CURRENT", "IDENTITY", "MANIFEST-1"];
    expect(flushed.filter((name) => data.includes(name)).sort()).toEqual(data);
    expect(flushed.at(-1)).toBe("data/");
    expect(flushed).toEqual(
      expect.arrayContaining([
        "secret",
        "admin-token",
        `${basename(folder.path)}/`,
        `${basename(dirname(folder.path))}/`,
      ]),
    );
    for (const name of ["LOCK", "LOG", "LOG.old.1", ".write-1.0.room", "engine.log", "engine.lock"])
      expect(flushed).not.toContain(name);
    flushed.length = 0;
    await files.flush();
    expect(flushed).not.toContain("secret");
  });

  it("leaves out what has not changed, and only where the clock of files can tell", async () => {
    const files = engineFiles();
    age("CURRENT", "IDENTITY", "MANIFEST-1", "3.sst");
    await files.flush();
    flushed.length = 0;
    // In the same tick of that clock, with the same length.
    writeData("2.log", "LOG.2");
    await files.flush();
    expect(flushed).toEqual(["2.log", "data/"]);
    flushed.length = 0;
    writeData("CURRENT", "another");
    renameSync(join(dataPath, "IDENTITY"), join(dataPath, "4.sst"));
    await files.flush();
    expect(flushed.sort()).toEqual(["2.log", "4.sst", "CURRENT", "data/"]);
  });

  it("goes on when files vanish and others appear meanwhile", async () => {
    onFlush = (name) => {
      if (name !== "2.log") return;
      rmSync(join(dataPath, "2.log"));
      writeData("5.sst");
      writeData("6.log");
    };
    await engineFiles().flush();
    expect(flushed).toEqual(expect.arrayContaining(["5.sst", "6.log", "data/"]));
    expect(flushed).not.toContain("2.log");
  });

  it("is shared by all who ask while one is on its way, and begins after they have asked", async () => {
    const files = engineFiles();
    let release = (): void => {};
    const begun = vi.fn<() => void>();
    onFlush = (name) => {
      if (name !== "2.log") return undefined;
      begun();
      return new Promise<void>((resolve) => (release = resolve));
    };
    const first = files.flush();
    await vi.waitFor(() => expect(begun).toHaveBeenCalledTimes(1));
    const others = [files.flush(), files.flush(), files.flush()];
    expect(new Set(others).size).toBe(1);
    release();
    await first;
    await vi.waitFor(() => expect(begun).toHaveBeenCalledTimes(2));
    release();
    await Promise.all(others);
    expect(begun).toHaveBeenCalledTimes(2);
  });
});

describe("a flush that fails", () => {
  it("stays failed, although the system says so only once, until the engine has read its files anew", async () => {
    const restart = vi.fn<() => void>();
    const files = engineFiles(restart);
    const broken = Object.assign(new Error("EIO: i/o error"), { code: "EIO" });
    onFlush = () => {
      throw broken;
    };
    expect(await caught(() => files.flush())).toMatchObject({ code: "DISK_FAILED", cause: broken });
    expect(files.failureCount).toBe(1);
    onFlush = () => {};
    expect(await codeOf(() => files.flush())).toBe("DISK_FAILED");
    expect(files.failureCount).toBe(1);
    expect(restart).toHaveBeenCalledTimes(1);
    writeData("CURRENT", "MANIFEST-7");
    flushed.length = 0;
    await files.flush();
    expect(flushed).toEqual(expect.arrayContaining(["2.log", "3.sst", "CURRENT"]));
  });

  it.each(["EMFILE", "ENFILE"])("because no file can be opened (%s) is no failure of the disk", async (code) => {
    const restart = vi.fn<() => void>();
    const files = engineFiles(restart);
    onFlush = () => {
      throw Object.assign(new Error(code), { code });
    };
    expect(await caught(() => files.flush())).toMatchObject({ code });
    onFlush = () => {};
    await files.flush();
    expect(files.failureCount).toBe(0);
    expect(restart).not.toHaveBeenCalled();
  });
});
