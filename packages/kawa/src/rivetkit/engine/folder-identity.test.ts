import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FolderIdentity, identityOf, kinshipOf, readIdentity, writeIdentity } from "./folder-identity.ts";

let parent: string;
let original: string;

beforeEach(() => {
  parent = mkdtempSync(join(realpathSync(tmpdir()), "kawa-identity-"));
  original = join(parent, "original");
  mkdirSync(original);
  writeFileSync(join(original, "file"), "");
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

const of = (name: string): FolderIdentity => identityOf(join(parent, name));

describe.skipIf(process.platform === "win32")("a folder", () => {
  it("is the same at another path of its device, and through a link", () => {
    const before = of("original");
    symlinkSync(original, join(parent, "link"));
    expect(kinshipOf(before, of("link"))).toBe("same");
    renameSync(original, join(parent, "moved"));
    expect(kinshipOf(before, of("moved"))).toBe("same");
  });

  it.each([
    ["cp", "-a"],
    ["cp", "-al"],
    ["cp", "-r"],
  ])("that %s %s has made is a copy, and a copy of a copy too", (command, flag) => {
    execFileSync(command!, [flag!, original, join(parent, "copy")]);
    execFileSync(command!, [flag!, join(parent, "copy"), join(parent, "second")]);
    expect(kinshipOf(of("original"), of("copy"))).toBe("copy");
    expect(kinshipOf(of("copy"), of("second"))).toBe("copy");
    expect(kinshipOf(of("original"), of("second"))).toBe("copy");
  });

  it("that was put in the place of another one has replaced it", () => {
    const before = of("original");
    execFileSync("cp", ["-a", original, join(parent, "backup")]);
    renameSync(original, join(parent, "aside"));
    renameSync(join(parent, "backup"), original);
    expect(kinshipOf(before, of("original"))).toBe("replaced");
  });
});

describe("kinshipOf", () => {
  const one: FolderIdentity = { place: "/data", device: "1", inode: "7", bornAt: "1000" };

  it.each<[string, Partial<FolderIdentity>, string]>([
    ["after a new start of the machine has numbered the devices anew", { device: "2" }, "same"],
    ["in a container that numbers inodes anew", { device: "2", inode: "8" }, "same"],
    ["on another volume with the same path and inode", { device: "2", bornAt: "2000" }, "copy"],
    ["at another path, with a time of birth that the copy has kept", { place: "/other", inode: "8" }, "copy"],
    ["with the inode that a deleted one gave back", { bornAt: "2000" }, "replaced"],
    ["at another path with the inode that a deleted one gave back", { place: "/other", bornAt: "2000" }, "copy"],
    ["whose time of birth is not known any more", { bornAt: "0", place: "/other" }, "same"],
    ["on another device, whose time of birth nobody knows", { bornAt: "0", device: "2", place: "/other" }, "copy"],
    ["with another inode, whose time of birth nobody knows", { bornAt: "0", inode: "8" }, "replaced"],
  ])("tells a folder %s", (_, change, kinship) => {
    expect(kinshipOf(one, { ...one, ...change })).toBe(kinship);
  });
});

describe("the record of an identity", () => {
  it("is read as it was written", () => {
    const file = join(parent, "identity.json");
    expect(readIdentity(file)).toBeUndefined();
    writeIdentity(file, of("original"));
    expect(readIdentity(file)).toEqual(of("original"));
  });

  it.each(["", "{", "[]", '{"place":"/data"}'])("counts as missing when it is %j", (text) => {
    const file = join(parent, "identity.json");
    writeFileSync(file, text);
    expect(readIdentity(file)).toBeUndefined();
  });
});
