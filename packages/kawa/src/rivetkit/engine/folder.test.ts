import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { caught } from "../../../test/support/caught.ts";
import { EngineFolder } from "./folder.ts";

let parent: string;

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "kawa-folder-"));
});

afterEach(() => rmSync(parent, { recursive: true, force: true }));

describe("opening the folder", () => {
  it("makes it, its data folder, and a .gitignore that keeps all of it out of git", () => {
    const folder = EngineFolder.open(join(parent, "deep", ".rivet"));
    expect(statSync(folder.dataPath).isDirectory()).toBe(true);
    expect(readFileSync(join(folder.path, ".gitignore"), "utf8")).toBe("*\n");
    expect(readdirSync(folder.path).sort()).toEqual([".gitignore", "data", "identity.json"]);
  });

  it("leaves what is there alone", () => {
    const first = EngineFolder.open(parent);
    writeFileSync(join(first.path, ".gitignore"), "mine\n");
    writeFileSync(join(first.dataPath, "CURRENT"), "store");
    EngineFolder.open(parent);
    expect(readFileSync(join(parent, ".gitignore"), "utf8")).toBe("mine\n");
    expect(readFileSync(join(parent, "data", "CURRENT"), "utf8")).toBe("store");
  });

  it("says what to do when it cannot be written", async () => {
    const blocked = join(parent, "file");
    writeFileSync(blocked, "not a folder");
    const error = await caught(() => EngineFolder.open(blocked));
    expect(error).toMatchObject({ code: "ENGINE_FOLDER_UNWRITABLE", message: expect.stringContaining(blocked) });
    expect((error as Error).message).toContain("KAWA_DATA_DIR");
    expect((error as Error).cause).toBeInstanceOf(Error);
  });
});

describe("what is in the folder", () => {
  const files = ["secret", "secret.previous", "admin-token", "engine.json", "identity.json", "engine.log"];

  it.each([...files.map((name) => [name, "file"] as const), ["journal", "folder"] as const])(
    "is refused when %s is no %s",
    async (name, kind) => {
      const path = join(parent, name);
      if (kind === "file") mkdirSync(path);
      else writeFileSync(path, "");
      const message = expect.stringContaining(`${path} is not a ${kind}. Move it away, or set KAWA_DATA_DIR`);
      expect(await caught(() => EngineFolder.open(parent))).toMatchObject({
        code: "ENGINE_FOLDER_UNWRITABLE",
        message,
      });
    },
  );

  it.each(["secret", "secret.previous"])("is refused when a secret in %s is too short", async (name) => {
    writeFileSync(join(parent, name), "short\n");
    const folder = EngineFolder.open(parent);
    const error = await caught(() => (name === "secret" ? folder.secret() : folder.previousSecrets()));
    expect(error).toMatchObject({
      code: "SECRET_MISSING",
      message: expect.stringContaining(`${join(parent, name)} has 5 characters`),
    });
  });

  it("is refused when the token is no text", async () => {
    writeFileSync(join(parent, "admin-token"), Buffer.from([65, 200, 10, 66]));
    const error = await caught(() => EngineFolder.open(parent).adminToken());
    expect(error).toMatchObject({
      code: "ENGINE_FOLDER_UNWRITABLE",
      message: expect.stringContaining("holds no token"),
    });
  });
});

const modeOf = (...names: string[]): string => (statSync(join(parent, ...names)).mode & 0o7777).toString(8);

describe.skipIf(process.platform === "win32")("other users of the machine", () => {
  it("are kept out of the folder and of all that is in it", () => {
    const folder = EngineFolder.open(join(parent, ".rivet"));
    folder.secret();
    folder.adminToken();
    expect(modeOf(".rivet")).toBe("700");
    expect(modeOf(".rivet", "data")).toBe("700");
    expect(modeOf(".rivet", "secret")).toBe("600");
    expect(modeOf(".rivet", "admin-token")).toBe("600");
  });

  it("are put out of a folder that they could read", () => {
    const files = ["secret", "secret.previous", "admin-token", "engine.log", "engine.json"];
    for (const name of ["data", "journal"]) mkdirSync(join(parent, name), { mode: 0o755 });
    for (const name of files) writeFileSync(join(parent, name), "0123456789abcdef", { mode: 0o644 });
    chmodSync(parent, 0o755);
    EngineFolder.open(parent);
    expect([modeOf(), modeOf("data"), modeOf("journal")]).toEqual(["700", "700", "700"]);
    expect(files.map((name) => modeOf(name))).toEqual(files.map(() => "600"));
    expect(EngineFolder.open(parent).secret()).toBe("0123456789abcdef");
  });

  it("keep a folder that they share, such as /tmp, but reach nothing of the engine's in it", () => {
    chmodSync(parent, 0o1777);
    const folder = EngineFolder.open(parent);
    folder.secret();
    expect([modeOf(), modeOf("data"), modeOf("secret")]).toEqual(["1777", "700", "600"]);
  });
});

describe("the engine's token", () => {
  it("is made once, kept, and another text than the secret", () => {
    const token = EngineFolder.open(parent).adminToken();
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(EngineFolder.open(parent).adminToken()).toBe(token);
    expect(EngineFolder.open(parent).secret()).not.toBe(token);
  });
});

describe("the record", () => {
  it("is what was written last, whole, with no temporary file left", () => {
    const folder = EngineFolder.open(parent);
    expect(folder.readRecord()).toBeUndefined();
    folder.writeRecord({ pid: 1, port: 20_000, ownerPid: 2 });
    folder.writeRecord({ pid: 3, port: 20_001, ownerPid: 4 });
    expect(folder.readRecord()).toEqual({ pid: 3, port: 20_001, ownerPid: 4 });
    expect(EngineFolder.open(parent).readRecord()).toEqual({ pid: 3, port: 20_001, ownerPid: 4 });
    expect(readdirSync(parent).sort()).toEqual([".gitignore", "data", "engine.json", "identity.json"]);
  });

  it.each(["", "{", "\0\0"])("counts as missing when the file holds %j", (text) => {
    const folder = EngineFolder.open(parent);
    writeFileSync(join(parent, "engine.json"), text);
    expect(folder.readRecord()).toBeUndefined();
  });

  it.each(["{}", "[]", "42", '{"pid":"1","port":"x","ownerPid":2}'])(
    "counts as missing when the file holds %j",
    (text) => {
      const folder = EngineFolder.open(parent);
      writeFileSync(join(parent, "engine.json"), text);
      expect(folder.readRecord()).toBeUndefined();
    },
  );
});

describe("the secret", () => {
  it("is made once, kept, and readable by its owner only", () => {
    const secret = EngineFolder.open(parent).secret();
    expect(secret).toMatch(/^[0-9a-f]{64}$/);
    expect(EngineFolder.open(parent).secret()).toBe(secret);
    const others = statSync(join(parent, "secret")).mode & 0o077;
    expect(process.platform === "win32" || others === 0).toBe(true);
  });

  it("of another folder is another one", () => {
    mkdirSync(join(parent, "a"));
    expect(EngineFolder.open(join(parent, "a")).secret()).not.toBe(EngineFolder.open(join(parent, "b")).secret());
  });

  it("that somebody has written by hand is taken without its line end", () => {
    writeFileSync(join(parent, "secret"), "my own secret text\n");
    expect(EngineFolder.open(parent).secret()).toBe("my own secret text");
  });

  it("is made anew when an interrupted start has left an empty file", () => {
    writeFileSync(join(parent, "secret"), "");
    expect(EngineFolder.open(parent).secret()).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("the log", () => {
  it("is shown by its last lines", () => {
    const folder = EngineFolder.open(parent);
    expect(folder.lastLogLines(5)).toBe("");
    writeFileSync(folder.logPath, "one\ntwo\nthree\n");
    expect(folder.lastLogLines(2)).toBe("two\nthree");
    expect(folder.lastLogLines(9)).toBe("one\ntwo\nthree");
    expect(existsSync(folder.lockPath)).toBe(false);
  });

  it("is shown without the engine's token and the name of its namespace", () => {
    const folder = EngineFolder.open(parent);
    const name = `kawa-${"0123456789abcdef".repeat(2)}`;
    writeFileSync(folder.logPath, `uri="/x?namespace=${name}&token=${folder.adminToken()}"\n`);
    expect(folder.lastLogLines(5)).toBe('uri="/x?namespace=kawa-…&token=…"');
  });
});
