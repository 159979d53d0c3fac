import { join } from "node:path";
import { expect, it, type TestContext } from "vitest";
import { codeOf } from "../support/caught.ts";
import { makeDataDir } from "./support/app.ts";
import { Script } from "./support/script.ts";
import type { Operations } from "./support/version-process.ts";

type Server = Script<Operations>;

async function openApp(context: TestContext): Promise<(version: number) => Server> {
  const dataDir = await makeDataDir(context);
  const path = join(import.meta.dirname, "support/version-process.ts");
  return (version) => new Script<Operations>(path, { dataDir, env: { APP_VERSION: String(version) } });
}

async function end(server: Server): Promise<void> {
  await server.call("stop");
  server.disconnect();
  await server.ended;
}

const ada = { first: "Ada", last: "Lovelace" };
const ids = ["one", "two", "three"];

it("a signal and a row of each earlier version are read after a restart, also after they were written again", async (context) => {
  const start = await openApp(context);
  for (const [at, id] of ids.entries()) {
    const server = start(at + 1);
    await server.call("write", id, "Ada Lovelace");
    await end(server);
  }
  for (let round = 0; round < 2; round += 1) {
    const server = start(3);
    for (const id of ids) expect(await server.call("get", id)).toEqual(ada);
    expect(await server.call("rows")).toEqual([ada, ada, ada]);
    if (round === 0) await server.call("touch", "one");
    await end(server);
  }
  // What was written again is of version 3 now, and nothing else is.
  const earlier = start(2);
  expect(await codeOf(() => earlier.call("get", "one"))).toBe("VALUE_TOO_NEW");
  expect(await earlier.call("get", "two")).toEqual(["Ada", "Lovelace"]);
  await end(earlier);
});

it("a server of an earlier version beside a later one keeps its hands off what that has written", async (context) => {
  const start = await openApp(context);
  const earlier = start(2);
  await earlier.call("write", "two", "Ada Lovelace");
  const later = start(3);
  await later.call("write", "three", "Ada Lovelace");

  expect(await codeOf(() => earlier.call("get", "three"))).toBe("VALUE_TOO_NEW");
  expect(await codeOf(() => earlier.call("touch", "three"))).toBe("VALUE_TOO_NEW");
  expect(await earlier.call("rows")).toEqual(["VALUE_TOO_NEW", ["Ada", "Lovelace"]]);
  expect(await later.call("rows")).toEqual([ada, ada]);
  // It goes on with all else.
  await earlier.call("touch", "two");
  expect(await earlier.call("get", "two")).toEqual(["Ada", "Lovelace"]);
  expect(await later.call("get", "three")).toEqual(ada);

  await end(later);
  await end(earlier);
});
