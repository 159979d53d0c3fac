import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { makeDataDir, startApp } from "./support/app.ts";
import { findEngines } from "./support/processes.ts";

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

type Case = { context: TestContext; prepare: (dataDir: string) => void; uid?: number };

/** What an app is told that wants to start, write and read on such a folder, without the path of the folder. */
async function refusalsOf({ context, prepare, uid }: Case): Promise<string[]> {
  const dataDir = await makeDataDir(context);
  prepare(dataDir);
  const app = startApp({ dataDir, ...(uid === undefined ? {} : { uid }) });
  const calls = await Promise.allSettled([app.call("start"), app.call("set", "value", 1), app.call("get", "value")]);
  expect(findEngines(dataDir)).toEqual([]);
  app.disconnect();
  await app.ended;
  return calls.map((call) =>
    call.status === "fulfilled" ? "done" : String(call.reason.message).replace(`${dataDir}/`, ""),
  );
}

const thrice = (text: string): unknown[] => Array.from({ length: 3 }, () => expect.stringContaining(text));

describe.skipIf(!isRoot)("what another user has made (runs as root only)", () => {
  const folders = ["data", "journal"];
  const files = ["secret", "secret.previous", "admin-token", "engine.json", "identity.json", "engine.log"];

  for (const name of [...folders, ...files]) {
    it(`is refused at once: ${name}`, async (context) => {
      const isFolder = folders.includes(name);
      const prepare = (dataDir: string): void => {
        const path = join(dataDir, name);
        if (isFolder) mkdirSync(path, { mode: 0o700 });
        else writeFileSync(path, "0123456789abcdef", { mode: 0o600 });
        chownSync(dataDir, nobody, nobody);
      };
      const what = isFolder || name === "engine.log" ? "read and written" : "read";
      const told = `${name} cannot be ${what}. Let it belong to the user who runs the server, or set KAWA_DATA_DIR to another folder.`;
      expect(await refusalsOf({ context, prepare, uid: nobody })).toEqual(thrice(`${told} (ENGINE_FOLDER_UNWRITABLE)`));
    });
  }
});

describe("what nobody can use", () => {
  it.skipIf(!isRoot)(
    "is refused at once: a secret that is closed to its own user (runs as root only)",
    async (context) => {
      const prepare = (dataDir: string): void => {
        writeFileSync(join(dataDir, "secret"), "0123456789abcdef");
        chmodSync(join(dataDir, "secret"), 0o000);
        for (const path of [dataDir, join(dataDir, "secret")]) chownSync(path, nobody, nobody);
      };
      expect(await refusalsOf({ context, prepare, uid: nobody })).toEqual(thrice("secret cannot be read."));
    },
  );

  it("is refused at once: a folder in the place of the lock", async (context) => {
    const prepare = (dataDir: string): void => void mkdirSync(join(dataDir, "engine.lock"));
    expect(await refusalsOf({ context, prepare })).toEqual(thrice("engine.lock cannot be made. Delete what is there"));
  });

  it("is refused at once: a secret that is too short to be one", async (context) => {
    const prepare = (dataDir: string): void => writeFileSync(join(dataDir, "secret"), "short\n");
    expect(await refusalsOf({ context, prepare })).toEqual(thrice("secret has 5 characters; use at least 16"));
  });
});
