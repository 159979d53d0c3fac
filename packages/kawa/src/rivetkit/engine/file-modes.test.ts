import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { closeFolderIfOwn, closeToOthers } from "./file-modes.ts";

const chmodSync = vi.hoisted(() => vi.fn<(path: string, mode: number) => void>());
vi.mock("node:fs", async (importActual) => ({ ...(await importActual<object>()), chmodSync }));

const folder = mkdtempSync(join(tmpdir(), "kawa-modes-"));
const path = join(folder, "secret");

afterEach(() => {
  vi.resetAllMocks();
  rmSync(path, { force: true });
});

describe.skipIf(process.platform === "win32")("closeToOthers", () => {
  it("takes all modes of others, and none of the owner's", () => {
    writeFileSync(path, "", { mode: 0o644 });
    chmodSync.mockImplementation((_, mode) => {
      expect(mode).toBe(0o600);
      rmSync(path);
      writeFileSync(path, "", { mode });
    });
    closeToOthers(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it("leaves alone what is closed, or is not there", () => {
    writeFileSync(path, "", { mode: 0o600 });
    closeToOthers(path);
    closeToOthers(join(folder, "nothing"));
    expect(chmodSync).not.toHaveBeenCalled();
  });

  it.each([
    [
      "somebody else owns it",
      () => {
        throw Object.assign(new Error("EPERM"), { code: "EPERM" });
      },
    ],
    ["the file system knows no modes", () => {}],
  ])("fails when %s, and says what to do", async (_, chmod) => {
    writeFileSync(path, "", { mode: 0o644 });
    chmodSync.mockImplementation(chmod);
    const error = await caught(() => closeToOthers(path));
    expect(error).toMatchObject({ code: "ENGINE_FOLDER_UNWRITABLE", message: expect.stringContaining(path) });
    expect((error as Error).message).toContain("KAWA_DATA_DIR");
  });
});

describe("closeFolderIfOwn", () => {
  it("changes nothing about a folder of everybody's", () => {
    closeFolderIfOwn(tmpdir());
    expect(chmodSync).not.toHaveBeenCalled();
  });
});
