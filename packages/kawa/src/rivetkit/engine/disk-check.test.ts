import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import type * as Files from "node:fs/promises";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { checkDisk, disk } from "./disk-check.ts";

vi.mock("node:fs/promises", async (importOriginal) => {
  const original = await importOriginal<typeof Files>();
  return { ...original, open: vi.fn<typeof open>(original.open) };
});

let path: string;

beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), "kawa-room-"));
  disk.folder = { path, dataPath: path, isGone: false };
});

afterEach(() => {
  disk.folder = undefined;
  rmSync(path, { recursive: true, force: true });
});

describe("checkDisk", () => {
  it("is content with a disk that takes writes, and leaves nothing on it", async () => {
    await checkDisk();
    expect(readdirSync(path)).toEqual([]);
  });

  it.each(["ENOSPC", "EDQUOT", "EROFS", "EIO"])("refuses one that says %s", async (code) => {
    vi.mocked(open).mockRejectedValueOnce(Object.assign(new Error(code), { code }));
    expect(await codeOf(() => checkDisk())).toBe("DISK_FAILED");
  });

  it.each(["EMFILE", "ENFILE"])("does not blame it for %s", async (code) => {
    vi.mocked(open).mockRejectedValueOnce(Object.assign(new Error(code), { code }));
    expect(await codeOf(() => checkDisk())).toBeUndefined();
  });
});
