import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { codeOf } from "../../../test/support/caught.ts";
import { claimFolder } from "./claim-folder.ts";
import { EngineFolder } from "./folder.ts";
import { markOf } from "./process-mark.ts";

let parent: string;
let warn: ReturnType<typeof vi.spyOn>;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "kawa-claim-"));
  warn = vi.spyOn(console, "warn").mockImplementation(() => {});
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(parent, { recursive: true, force: true });
});

const open = (name: string): EngineFolder => EngineFolder.open(join(parent, name));

function makeOriginal(): EngineFolder {
  const folder = open("original");
  writeFileSync(join(folder.path, "secret.previous"), "former-secret-of-the-original");
  folder.secret();
  folder.adminToken();
  folder.writeRecord({ pid: process.pid, port: 20_000, ownerPid: process.pid });
  writeFileSync(folder.lockPath, JSON.stringify(markOf(process.pid)));
  writeFileSync(join(folder.dataPath, "CURRENT"), "the values");
  return folder;
}

function copy(from: string, to: string): EngineFolder {
  cpSync(join(parent, from), join(parent, to), { recursive: true, preserveTimestamps: true });
  return open(to);
}

describe("a copy of a folder", () => {
  it("keeps the values, and nothing that leads to the original or opens it", () => {
    const original = makeOriginal();
    const made = copy("original", "copy");
    expect(readFileSync(join(made.dataPath, "CURRENT"), "utf8")).toBe("the values");
    expect(made.readRecord()).toBeUndefined();
    expect(existsSync(made.lockPath)).toBe(false);
    expect(made.secret()).not.toBe(original.secret());
    expect(made.adminToken()).not.toBe(original.adminToken());
    expect(made.previousSecrets()).toEqual([]);
    expect(made.hasNamespaceOfOriginal).toBe(true);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]![0]).toContain(`${made.path} is a copy of ${original.dataPath.replace(/.data$/, "")}`);
  });

  it("is itself from then on, and its copies are theirs", () => {
    makeOriginal();
    const secret = copy("original", "copy").secret();
    expect(open("copy").secret()).toBe(secret);
    expect(copy("copy", "second").secret()).not.toBe(secret);
    expect(warn).toHaveBeenCalledTimes(2);
  });

  it("is refused where another process holds it and does not go on", async () => {
    const original = makeOriginal();
    const path = join(parent, "copy");
    cpSync(original.path, path, { recursive: true });
    writeFileSync(join(path, "identity.lock"), JSON.stringify(markOf(process.ppid)));
    expect(await codeOf(async () => claimFolder(path, join(path, "data"), 50))).toBe("ENGINE_START_FAILED");
  });

  it("takes the secrets of the original back where it was moved to another disk", () => {
    const original = makeOriginal();
    const secret = original.secret();
    const made = copy("original", "copy");
    made.secret();
    for (const name of ["secret", "secret.previous"])
      renameSync(join(made.path, "original", name), join(made.path, name));
    expect(open("copy").secret()).toBe(secret);
    expect(open("copy").previousSecrets()).toEqual(["former-secret-of-the-original"]);
  });
});

describe("a folder that is no copy", () => {
  it("keeps all of it when it was moved", () => {
    const original = makeOriginal();
    const [secret, token, record] = [original.secret(), original.adminToken(), original.readRecord()];
    renameSync(original.path, join(parent, "moved"));
    const moved = open("moved");
    expect([moved.secret(), moved.adminToken(), moved.readRecord()]).toEqual([secret, token, record]);
    expect(moved.hasNamespaceOfOriginal).toBe(false);
    // It knows its new place: what is made in the old one is another folder.
    expect(open("original").secret()).not.toBe(secret);
    expect(warn).not.toHaveBeenCalled();
  });

  it("keeps its secrets when its data is a backup, but leads to no engine of the data before", () => {
    const original = makeOriginal();
    const secret = original.secret();
    cpSync(original.path, join(parent, "backup"), { recursive: true });
    renameSync(original.path, join(parent, "aside"));
    renameSync(join(parent, "backup"), original.path);
    const restored = open("original");
    expect(restored.secret()).toBe(secret);
    expect(restored.previousSecrets()).toEqual(["former-secret-of-the-original"]);
    expect(restored.readRecord()).toBeUndefined();
    expect(warn).not.toHaveBeenCalled();
  });

  it("of a version that did not record its identity is left as it is", () => {
    const original = makeOriginal();
    const [secret, record] = [original.secret(), original.readRecord()];
    rmSync(join(original.path, "identity.json"));
    expect([open("original").secret(), open("original").readRecord()]).toEqual([secret, record]);
  });
});
